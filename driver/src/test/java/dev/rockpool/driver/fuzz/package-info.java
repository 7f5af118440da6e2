/** Requests that nobody would send, and what the real program makes of them. */
@NullMarked
package dev.rockpool.driver.fuzz;

import org.jspecify.annotations.NullMarked;
