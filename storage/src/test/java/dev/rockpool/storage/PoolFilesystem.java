package dev.rockpool.storage;

import static org.awaitility.Awaitility.await;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.CommandException;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A filesystem of its own for the pools of a test class: an image in a directory, mounted through a
 * loop device. Closing it fails if anything in the directory is still mounted or attached.
 */
public final class PoolFilesystem implements AutoCloseable {
  private static final Host HOST = new ExecHost((program, succeeded, took) -> {});

  private final Path directory;
  private final Path mountPoint;
  private int pools;

  private PoolFilesystem(Path directory) {
    this.directory = directory;
    this.mountPoint = directory.resolve("filesystem");
  }

  /** An XFS of 8 GiB, of which the image takes what is used. */
  public static PoolFilesystem xfs(Path directory) throws IOException {
    return make(directory, 8 << 10, "mkfs.xfs", "-q");
  }

  /**
   * @param mkfs the command that makes the filesystem, without the image
   */
  public static PoolFilesystem make(Path directory, int mebibytes, String... mkfs)
      throws IOException {
    return make(directory, mebibytes, 512, mkfs);
  }

  /**
   * @param sectorBytes logical sector size of the disk that the filesystem believes to be on
   */
  public static PoolFilesystem make(Path directory, int mebibytes, int sectorBytes, String... mkfs)
      throws IOException {
    Path image = directory.toRealPath().resolve("filesystem.img");
    HOST.run(Command.of("truncate", "--size", mebibytes + "M", image.toString()));
    HOST.run(Command.of(mkfs).with(image.toString()));
    PoolFilesystem made = new PoolFilesystem(directory.toRealPath());
    Files.createDirectory(made.mountPoint);
    String device =
        HOST.run(
                Command.of(
                    "losetup", "--find", "--show", "--sector-size", "" + sectorBytes, "" + image))
            .strip();
    try {
      HOST.run(Command.of("mount", device, "" + made.mountPoint));
    } finally {
      // It goes when the filesystem is unmounted.
      HOST.run(Command.of("losetup", "--detach", device));
    }
    return made;
  }

  public Path mountPoint() {
    return mountPoint;
  }

  /** A directory of the filesystem that nobody else gets. */
  public Path newDirectory() throws IOException {
    return Files.createDirectory(mountPoint.resolve("directory-" + ++pools));
  }

  public long freeBytes() throws IOException {
    return Files.getFileStore(mountPoint).getUsableSpace();
  }

  /** Lets the filesystem do what it has put off. */
  public void sync() {
    HOST.run(Command.of("sync", "--file-system", mountPoint.toString()));
  }

  /** Takes all but so many bytes of the filesystem, until the file is deleted. */
  public Path fill(long butBytes) throws IOException {
    Path filler = Files.createTempFile(mountPoint, "filler", "");
    HOST.run(Command.of("fallocate", "--length", "" + (freeBytes() - butBytes), "" + filler));
    return filler;
  }

  /** Takes all of the filesystem, as its users do who write, until the file is deleted. */
  public Path fill() throws IOException {
    Path filler = fill(8 << 20);
    try (FileChannel channel = FileChannel.open(filler, StandardOpenOption.APPEND)) {
      while (channel.size() < Long.MAX_VALUE) {
        channel.write(ByteBuffer.allocateDirect(4096));
        if (channel.size() % (1 << 20) == 0) {
          channel.force(false);
        }
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
    }
    return filler;
  }

  @Override
  public void close() throws IOException {
    try {
      HOST.run(Command.of("umount", "--recursive", mountPoint.toString()));
    } catch (CommandException e) {
      // Somebody still has a file open there; the machine is left clean all the same.
      HOST.run(Command.of("umount", "--recursive", "--lazy", mountPoint.toString()));
      throw e;
    }
    await("mounts and loop devices in " + directory)
        .pollDelay(Duration.ZERO)
        .untilAsserted(() -> {
          List<String> left = leftOver();
          if (!left.isEmpty()) {
            throw new AssertionError("left over: " + left);
          }
        });
  }

  private List<String> leftOver() throws IOException {
    List<String> left = new ArrayList<>();
    MountTable.read().all().stream()
        .filter(mount -> mount.mountPoint().startsWith(directory))
        .forEach(mount -> left.add(mount.toString()));
    try (DirectoryStream<Path> devices = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
      for (Path device : devices) {
        Path backing = device.resolve("loop/backing_file");
        if (Files.exists(backing) && Files.readString(backing).startsWith(directory + "/")) {
          left.add(device + " serves " + Files.readString(backing));
        }
      }
    }
    return left;
  }
}
