/**
 * What every CSI service shares in answering a call: checks of a request, errors as gRPC status,
 * redaction of secrets.
 */
@NullMarked
package dev.rockpool.proto;

import org.jspecify.annotations.NullMarked;
