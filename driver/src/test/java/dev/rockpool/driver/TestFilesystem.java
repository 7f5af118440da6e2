package dev.rockpool.driver;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A filesystem on a sparse image, mounted until this is closed. */
public final class TestFilesystem implements AutoCloseable {
  private final Host host = new ExecHost((_, _, _) -> {});
  private final Path mountPoint;

  /**
   * @param directory that holds the image and the mount point
   */
  public TestFilesystem(Path directory, String fsType, int gibibytes) throws IOException {
    Path image = directory.resolve("filesystem.img");
    mountPoint = Files.createDirectory(directory.resolve("filesystem"));
    host.run(Command.of("truncate", "--size", gibibytes + "G", image.toString()));
    host.run(Command.of("mkfs." + fsType, "-q", image.toString()));
    host.run(Command.of("mount", "-o", "loop", image.toString(), mountPoint.toString()));
  }

  public Path mountPoint() {
    return mountPoint;
  }

  @Override
  public void close() {
    host.run(Command.of("umount", mountPoint.toString()));
  }
}
