package dev.rockpool.storage.host;

import dev.rockpool.storage.StorageException;

/** A host command that failed, was killed at its limit, or could not be started. */
public final class CommandException extends StorageException {
  private static final long serialVersionUID = 1L;

  private static final int NONE = -1;

  private final int exitCode;
  private final String stderr;

  CommandException(String message, String stderr) {
    this(message, NONE, stderr);
  }

  CommandException(String message, int exitCode, String stderr) {
    super(Reason.FAILED, message);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }

  /** What it ended with; -1 if it was killed or never ran. */
  public int exitCode() {
    return exitCode;
  }

  /** What it said on its standard error, hidden arguments taken out. */
  public String stderr() {
    return stderr;
  }

  /** Whether it says that the filesystem below is full. */
  public boolean noSpace() {
    return stderr.contains("No space left on device");
  }

  /** This, or EXHAUSTED with its message if it says that the filesystem below is full. */
  public StorageException meaning() {
    return noSpace()
        ? new StorageException(Reason.EXHAUSTED, String.valueOf(getMessage()), this)
        : this;
  }
}
