package dev.rockpool.storage.host;

import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.time.Duration;

/**
 * System calls that may take their time, as one piece of work: what a {@link Command} is to a
 * program, this is to the kernel.
 *
 * @param name for metrics, such as {@code mount}
 * @param text what is done, as a person may see it
 * @param limit after which nobody waits for it any more
 * @param action the calls
 * @param late done if they end after the limit all the same
 */
public record SystemCall(
    String name, String text, Duration limit, Deadline.Action action, Runnable late) {
  /** As long as a host command has. */
  private static final Duration LIMIT = Duration.ofMinutes(1);

  static SystemCall of(String name, String text, Deadline.Action action) {
    return new SystemCall(name, text, LIMIT, action, () -> {});
  }

  /** The same; what it did too late is undone so. */
  SystemCall undoneBy(Runnable undo) {
    return new SystemCall(name, text, limit, action, undo);
  }

  /**
   * Makes the calls, in a thread that nobody else needs.
   *
   * @throws StorageException with the kernel's reason; or {@link PendingException}
   */
  void make() {
    try {
      Deadline.run(text, limit, action, late);
    } catch (IOException e) {
      throw StorageException.of(text + " failed", e);
    }
  }

  @Override
  public String toString() {
    return text;
  }
}
