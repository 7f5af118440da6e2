/** The command line: one small class for each command, which checks flags and hands on. */
@NullMarked
package dev.rockpool.driver.cli;

import org.jspecify.annotations.NullMarked;
