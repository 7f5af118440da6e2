/** What others can see of a running driver: a log line for each call, metrics, health over HTTP. */
@NullMarked
package dev.rockpool.driver.observe;

import org.jspecify.annotations.NullMarked;
