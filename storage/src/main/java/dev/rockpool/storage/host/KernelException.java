package dev.rockpool.storage.host;

import java.io.IOException;

/**
 * A system call that failed; its message ends with the kernel's reason, as strerror(3) words it.
 */
public final class KernelException extends IOException {
  private static final long serialVersionUID = 1L;

  /** errno(3) of the calls that are told apart. */
  public static final int ENOENT = 2;

  public static final int ENXIO = 6;

  public static final int EBUSY = 16;
  public static final int EXDEV = 18;
  public static final int EINVAL = 22;
  public static final int ENOTTY = 25;
  public static final int EOPNOTSUPP = 95;

  private final int errno;

  KernelException(String message, int errno) {
    super(message);
    this.errno = errno;
  }

  public int errno() {
    return errno;
  }
}
