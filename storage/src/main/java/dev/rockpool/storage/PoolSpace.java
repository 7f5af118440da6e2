package dev.rockpool.storage;

import dev.rockpool.storage.Finding.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;

/** How much a pool may promise. */
final class PoolSpace {
  private PoolSpace() {}

  /** Bytes that it may promise in all: its filesystem's or its limit, times the overcommitment. */
  static long promisableBytes(PoolSpec spec, PoolLayout layout) throws IOException {
    long total = Files.getFileStore(layout.root()).getTotalSpace();
    return (long) (Math.min(total, spec.limitBytes()) * spec.overcommit());
  }

  /**
   * Whether more is promised than that. Who names neither a limit nor an overcommitment may not
   * know how the driver is told to count, and gets no finding.
   */
  static Optional<Finding> overpromised(PoolSpec spec, PoolLayout layout, long promisedBytes)
      throws IOException {
    boolean told = spec.limitBytes() != Long.MAX_VALUE || spec.overcommit() != 1;
    long promisable = promisableBytes(spec, layout);
    if (!told || promisedBytes <= promisable) {
      return Optional.empty();
    }
    return Optional.of(
        Finding.of(
            "pool.json",
            Kind.PROMISED_TOO_MUCH,
            "the pool has promised "
                + promisedBytes
                + " bytes, and may promise "
                + promisable
                + ": no volume can be made, and those there are may find it full",
            "give it a higher limit or a larger filesystem, or delete volumes or snapshots"));
  }
}
