package dev.rockpool.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.rockpool.storage.StorageException;
import org.assertj.core.api.AbstractStringAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** How tests speak of what is refused before anything is looked up. */
final class Refusals {
  private Refusals() {}

  /** Asserts that the request is found invalid; the message is there to be looked at. */
  static AbstractStringAssert<?> assertInvalid(ThrowingCallable call) {
    StorageException thrown = catchThrowableOfType(StorageException.class, call);
    assertThat(thrown).as("refused").isNotNull();
    assertThat(thrown.reason()).isEqualTo(StorageException.Reason.INVALID);
    return assertThat(thrown.getMessage());
  }
}
