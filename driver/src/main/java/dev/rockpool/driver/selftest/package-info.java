/**
 * Walks volumes of every kind through their life, as a client of a running driver, and shows what
 * worked.
 */
@NullMarked
package dev.rockpool.driver.selftest;

import org.jspecify.annotations.NullMarked;
