/** The CSI Identity service. */
@NullMarked
package dev.rockpool.identity;

import org.jspecify.annotations.NullMarked;
