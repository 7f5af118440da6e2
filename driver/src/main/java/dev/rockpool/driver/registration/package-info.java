/** Tells kubelet about the driver, so that a node needs no registrar beside it. */
@NullMarked
package dev.rockpool.driver.registration;

import org.jspecify.annotations.NullMarked;
