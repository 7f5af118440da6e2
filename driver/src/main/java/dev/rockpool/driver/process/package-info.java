/** How the program ends: on a signal, and with which exit code. */
@NullMarked
package dev.rockpool.driver.process;

import org.jspecify.annotations.NullMarked;
