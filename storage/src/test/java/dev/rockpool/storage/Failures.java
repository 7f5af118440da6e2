package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import org.assertj.core.api.AbstractStringAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** How tests speak of what the storage refuses. */
public final class Failures {
  private Failures() {}

  /** Asserts that the call is refused for this reason; the message is there to be looked at. */
  public static AbstractStringAssert<?> assertRefused(
      StorageException.Reason reason, ThrowingCallable call) {
    Throwable thrown = catchThrowable(call);
    assertThat(thrown).as("refused as %s", reason).isInstanceOf(StorageException.class);
    assertThat(((StorageException) thrown).reason())
        .as("reason of \"%s\"", thrown.getMessage())
        .isEqualTo(reason);
    return assertThat(thrown.getMessage());
  }
}
