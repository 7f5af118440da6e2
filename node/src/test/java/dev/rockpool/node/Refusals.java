package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.assertj.core.api.AbstractStringAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** How tests speak of calls that are refused. */
final class Refusals {
  private Refusals() {}

  /**
   * Asserts that the call is refused with this code, a message and no details (CSI: Error Scheme);
   * the message is there to be looked at.
   */
  static AbstractStringAssert<?> assertRefused(Status.Code code, ThrowingCallable call) {
    StatusRuntimeException thrown = catchThrowableOfType(StatusRuntimeException.class, call);
    assertThat(thrown).as("refused as %s", code).isNotNull();
    String message = thrown.getStatus().getDescription();
    assertThat(thrown.getStatus().getCode()).as("code of \"%s\"", message).isEqualTo(code);
    Metadata trailers = thrown.getTrailers();
    assertThat(trailers == null ? "" : String.join(",", trailers.keys())).as("details").isEmpty();
    return assertThat(message).isNotBlank();
  }
}
