package dev.rockpool.node;

import dev.rockpool.storage.host.FilesystemSpace;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import java.nio.file.Path;
import java.util.List;
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

  /**
   * What can be told of a volume in use.
   *
   * @param usage empty if the filesystem does not tell any more
   * @param ailments what is wrong, in sentences
   */
  record Report(Optional<Usage> usage, List<String> ailments) {
    Report {
      ailments = List.copyOf(ailments);
    }
  }

  Usage ofDevice(LoopDevice device) {
    return new Usage(new Amount(device.sizeBytes(), 0, 0), Optional.empty());
  }

  Usage ofFilesystem(Path mountPoint) {
    FilesystemSpace space = FilesystemSpace.of(host, mountPoint);
    long inodes = space.inodes();
    long free = space.freeInodes();
    return new Usage(
        new Amount(
            space.totalBytes(), space.totalBytes() - space.freeBytes(), space.availableBytes()),
        // btrfs counts none, CephFS not those that are free.
        inodes == 0 || free < 0
            ? Optional.empty()
            : Optional.of(new Amount(inodes, inodes - free, free)));
  }
}
