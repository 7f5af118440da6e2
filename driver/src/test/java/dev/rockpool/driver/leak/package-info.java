/** What the real program keeps of what it should have forgotten. */
@NullMarked
package dev.rockpool.driver.leak;

import org.jspecify.annotations.NullMarked;
