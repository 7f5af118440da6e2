/** The program {@code rockpool}: command line, socket server, wiring, metrics and health. */
@NullMarked
package dev.rockpool.driver;

import org.jspecify.annotations.NullMarked;
