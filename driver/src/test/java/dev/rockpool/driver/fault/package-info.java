/** The real program on disks that hang, are full, fail, or were unmounted behind its back. */
@NullMarked
package dev.rockpool.driver.fault;

import org.jspecify.annotations.NullMarked;
