/** The driver as one process: every service on one socket, over the pools of this machine. */
@NullMarked
package dev.rockpool.driver.standalone;

import org.jspecify.annotations.NullMarked;
