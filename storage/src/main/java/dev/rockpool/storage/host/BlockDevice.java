package dev.rockpool.storage.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A block device by its number.
 *
 * @param majorMinor as the kernel writes it: {@code 259:1}
 */
public record BlockDevice(String majorMinor) {

  /** The device whose node is at the path, if there is one. */
  public static Optional<BlockDevice> ofNode(Path path) {
    try {
      return Files.getAttribute(path, "unix:rdev") instanceof Long number && number != 0
          ? Optional.of(new BlockDevice(FileId.majorMinor(number)))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The smallest unit that the device reads and writes, in bytes; empty if it has no such. */
  public Optional<Integer> logicalSectorBytes() {
    Path device = Path.of("/sys/dev/block", majorMinor);
    try {
      // A partition's limits are its disk's, one directory up.
      Path disk =
          Files.exists(device.resolve("partition")) ? device.toRealPath().resolve("..") : device;
      String text = Files.readString(disk.resolve("queue/logical_block_size"));
      return Optional.of(Integer.parseInt(text.strip()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
