package dev.rockpool.storage.host;

import java.io.IOException;
import java.nio.file.Path;

/** Lets one file have the blocks of another one, shared until one of them is written. */
public final class Reflink {
  // linux/fs.h: _IOW(0x94, 9, int).
  private static final long FICLONE = 0x40049409L;

  private Reflink() {}

  /**
   * Gives the file the content of the other one, in one moment; what it had is gone.
   *
   * @param to an existing file
   * @throws KernelException EOPNOTSUPP, EXDEV or EINVAL if the filesystem can't share these blocks
   */
  public static void copy(Path from, Path to) throws IOException {
    try (Descriptor source = Descriptor.forReading(from);
        Descriptor target = Descriptor.forWriting(to)) {
      target.ioctl("FICLONE of " + from + " to", FICLONE, source.number());
    }
  }

  /** Whether the failure says that this can't be done here at all. */
  public static boolean unsupported(KernelException failure) {
    return switch (failure.errno()) {
      case KernelException.EOPNOTSUPP,
          KernelException.EXDEV,
          KernelException.EINVAL,
          KernelException.ENOTTY ->
          true;
      default -> false;
    };
  }
}
