package dev.rockpool.node;

import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Measures how full volumes are. */
final class Statistics {
  private final Host host;

  Statistics(Host host) {
    this.host = host;
  }

  /**
   * An amount of something that can run out.
   *
   * @param total of it
   * @param used of it
   * @param available to an ordinary user
   */
  record Amount(long total, long used, long available) {}

  /**
   * How full a volume is.
   *
   * @param bytes of which nothing but the total is known for a raw device
   * @param inodes empty where the filesystem has no fixed number, or there is none
   */
  record Usage(Amount bytes, Optional<Amount> inodes) {}

  Usage ofDevice(LoopDevice device) {
    return new Usage(new Amount(device.sizeBytes(), 0, 0), Optional.empty());
  }

  /** Java has no call that counts inodes; stat(1) asks statfs(2) once for everything. */
  Usage ofFilesystem(Path mountPoint) {
    String printed =
        host.run(
            Command.of(
                "stat", "--file-system", "--format=%S %b %f %a %c %d", mountPoint.toString()));
    long[] numbers;
    try {
      numbers = Arrays.stream(printed.strip().split(" ", -1)).mapToLong(Long::parseLong).toArray();
    } catch (NumberFormatException e) {
      throw new StorageException(
          StorageException.Reason.FAILED, "stat printed no numbers: " + printed, e);
    }
    long block = numbers[0];
    long inodes = numbers[4];
    long free = numbers[5];
    return new Usage(
        new Amount(numbers[1] * block, (numbers[1] - numbers[2]) * block, numbers[3] * block),
        // btrfs counts none, CephFS not those that are free.
        inodes == 0 || free < 0
            ? Optional.empty()
            : Optional.of(new Amount(inodes, inodes - free, free)));
  }
}
