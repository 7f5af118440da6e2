/**
 * The unix socket that the driver is served on: a gRPC server that only its own user and root may
 * call, and the client for it.
 */
@NullMarked
package dev.rockpool.driver.socket;

import org.jspecify.annotations.NullMarked;
