/** The CSI Node service: loop devices, mounts and statistics on this machine. */
@NullMarked
package dev.rockpool.node;

import org.jspecify.annotations.NullMarked;
