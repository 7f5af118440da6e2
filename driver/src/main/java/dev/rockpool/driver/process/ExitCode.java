package dev.rockpool.driver.process;

import dev.rockpool.storage.StorageException;

/** What the program's exit codes mean; they are for scripts to rely on. */
public final class ExitCode {
  /** It did what it was asked to, or was ended by SIGTERM or SIGINT in good order. */
  public static final int OK = 0;

  /** It could not do it. */
  public static final int FAILED = 1;

  /**
   * A flag, an environment variable or a pool's configuration is wrong: doing it again won't help.
   */
  public static final int USAGE = 2;

  private ExitCode() {}

  /** The exit code after this. */
  public static int of(StorageException e) {
    return e.reason() == StorageException.Reason.INVALID ? USAGE : FAILED;
  }
}
