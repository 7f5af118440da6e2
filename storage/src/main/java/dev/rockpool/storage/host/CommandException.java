package dev.rockpool.storage.host;

import dev.rockpool.storage.StorageException;

/** A host command that failed, was killed at its limit, or could not be started. */
public final class CommandException extends StorageException {
  private static final long serialVersionUID = 1L;

  private final String stderr;

  CommandException(String message, String stderr) {
    super(Reason.FAILED, message);
    this.stderr = stderr;
  }

  /** What it said on its standard error, hidden arguments taken out. */
  public String stderr() {
    return stderr;
  }

  /** Whether it says that the filesystem below is full. */
  public boolean noSpace() {
    return stderr.contains("No space left on device");
  }
}
