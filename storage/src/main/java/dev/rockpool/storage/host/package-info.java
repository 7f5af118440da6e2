/** What the driver asks of Linux: commands, mounts, loop devices. */
@NullMarked
package dev.rockpool.storage.host;

import org.jspecify.annotations.NullMarked;
