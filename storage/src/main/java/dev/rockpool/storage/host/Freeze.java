package dev.rockpool.storage.host;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Holds a mounted filesystem still: what was written is on its device, and whoever writes waits.
 * The filesystem stays mounted meanwhile, since this holds it open.
 */
public final class Freeze implements AutoCloseable {
  // linux/fs.h: _IOWR('X', 119, int) and _IOWR('X', 120, int).
  private static final long FIFREEZE = 0xC0045877L;
  private static final long FITHAW = 0xC0045878L;

  private final Descriptor directory;

  private Freeze(Descriptor directory) {
    this.directory = directory;
  }

  /**
   * Freezes the filesystem that is mounted there.
   *
   * @throws KernelException EBUSY if somebody else has frozen it
   */
  public static Freeze of(Path mountPoint) throws IOException {
    Descriptor directory = Descriptor.forReading(mountPoint);
    try {
      directory.ioctl("FIFREEZE", FIFREEZE, 0);
      return new Freeze(directory);
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /**
   * Thaws the filesystem that is mounted there, whoever froze it.
   *
   * @return whether it was frozen
   */
  public static boolean thaw(Path mountPoint) throws IOException {
    try (Descriptor directory = Descriptor.forReading(mountPoint)) {
      return thaw(directory);
    }
  }

  private static boolean thaw(Descriptor directory) throws IOException {
    try {
      directory.ioctl("FITHAW", FITHAW, 0);
      return true;
    } catch (KernelException e) {
      if (e.errno() == KernelException.EINVAL) {
        return false;
      }
      throw e;
    }
  }

  /** Thaws it, if nobody else has done so. */
  @Override
  public void close() throws IOException {
    try (directory) {
      thaw(directory);
    }
  }
}
