/** Kills the real program at every step that changes something, and looks what becomes of it. */
@NullMarked
package dev.rockpool.driver.crash;

import org.jspecify.annotations.NullMarked;
