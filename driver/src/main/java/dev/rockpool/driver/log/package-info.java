/** What the program says while it runs: one line for each event, on its standard error. */
@NullMarked
package dev.rockpool.driver.log;

import org.jspecify.annotations.NullMarked;
