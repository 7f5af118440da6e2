package dev.rockpool.storage.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A loop device by its number; what serves it may change at any time.
 *
 * @param number as in {@code /dev/loop3}
 */
public record LoopDevice(int number) {
  private static final int MAJOR = 7;
  private static final String NAME = "/dev/loop";
  private static final int ATTEMPTS = 1000;

  /** The device of a path such as {@code /dev/loop3}, if it is one of a loop device. */
  public static Optional<LoopDevice> ofPath(String path) {
    return path.matches(NAME + "\\d{1,9}")
        ? Optional.of(new LoopDevice(Integer.parseInt(path.substring(NAME.length()))))
        : Optional.empty();
  }

  /** The device whose node is bound there, if the mount is one of a loop device's node. */
  public static Optional<LoopDevice> boundAt(Mount mount) {
    boolean node = mount.fsType().equals("devtmpfs") || mount.fsType().equals("tmpfs");
    return node ? ofPath("/dev" + mount.root()) : Optional.empty();
  }

  /** The device that a filesystem is mounted from, if it is a loop device. */
  public static Optional<LoopDevice> under(Mount mount) {
    return ofPath(mount.source());
  }

  public Path path() {
    return Path.of(NAME + number);
  }

  /** As the kernel writes device numbers: {@code 7:3}. */
  public String majorMinor() {
    return MAJOR + ":" + number;
  }

  /** Whether a file serves it now. */
  public boolean attached() {
    return Files.exists(sys("loop"));
  }

  /** Bytes of the device. */
  public long sizeBytes() {
    return Long.parseLong(read("size").orElse("0")) * 512;
  }

  /** Whether the device refuses writes. */
  public boolean readOnly() {
    return read("ro").equals(Optional.of("1"));
  }

  /**
   * The path of the file that serves it, as the kernel words it: it tells which volume it was, but
   * not which file it is.
   */
  public Optional<String> backingFile() {
    return read("loop/backing_file");
  }

  private Optional<String> read(String attribute) {
    for (int attempt = 1; ; attempt++) {
      try {
        return Optional.of(Files.readString(sys(attribute)).strip());
      } catch (NoSuchFileException e) {
        return Optional.empty();
      } catch (IOException e) {
        // ENODEV: its file is being taken away at this moment, and then so is the attribute.
        if (attempt == ATTEMPTS) {
          throw new UncheckedIOException("can't read " + sys(attribute), e);
        }
        Thread.onSpinWait();
      }
    }
  }

  private Path sys(String attribute) {
    return Path.of("/sys/block/loop" + number, attribute);
  }

  @Override
  public String toString() {
    return path().toString();
  }
}
