package dev.rockpool.storage;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.CommandException;
import dev.rockpool.storage.host.Host;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds a directory volume to its size, where the filesystem can. */
final class DirectoryQuota {
  private static final Logger log = LoggerFactory.getLogger(DirectoryQuota.class);

  private final Host host;

  DirectoryQuota(Host host) {
    this.host = host;
  }

  /**
   * Sets or changes the directory's size.
   *
   * @return whether the filesystem enforces it
   */
  boolean set(Pool pool, Path directory, long bytes) {
    if (pool.filesystem().contains("ceph")) {
      try {
        host.run(
            Command.of(
                "setfattr", "-n", "ceph.quota.max_bytes", "-v", "" + bytes, directory.toString()));
        return true;
      } catch (CommandException e) {
        // A client whose capabilities lack 'p' may not set quotas.
        log.warn("the size of {} is not enforced: {}", directory, e.getMessage());
        return false;
      }
    }
    log.warn(
        "the size of {} is not enforced: {} has no directory quotas here",
        directory,
        pool.filesystem());
    return false;
  }
}
