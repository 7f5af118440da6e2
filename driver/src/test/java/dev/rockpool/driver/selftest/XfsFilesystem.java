package dev.rockpool.driver.selftest;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An XFS of 8 GiB on a sparse image, mounted until this is closed: its files can share blocks. */
final class XfsFilesystem implements AutoCloseable {
  private final Host host = new ExecHost((_, _, _) -> {});
  private final Path mountPoint;

  /**
   * @param directory that holds the image and the mount point
   */
  XfsFilesystem(Path directory) throws IOException {
    Path image = directory.resolve("filesystem.img");
    mountPoint = Files.createDirectory(directory.resolve("filesystem"));
    host.run(Command.of("truncate", "--size", "8G", image.toString()));
    host.run(Command.of("mkfs.xfs", "-q", image.toString()));
    host.run(Command.of("mount", "-o", "loop", image.toString(), mountPoint.toString()));
  }

  Path mountPoint() {
    return mountPoint;
  }

  @Override
  public void close() {
    host.run(Command.of("umount", mountPoint.toString()));
  }
}
