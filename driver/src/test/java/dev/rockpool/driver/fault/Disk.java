package dev.rockpool.driver.fault;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A filesystem of its own, for one pool, that a test breaks and mends. */
final class Disk implements AutoCloseable {
  static final Host HOST = new ExecHost((_, _, _) -> {});

  private final Path image;
  private final Path mountPoint;

  private Disk(Path image, Path mountPoint) {
    this.image = image;
    this.mountPoint = mountPoint;
  }

  /**
   * Makes it in the directory.
   *
   * @param name of the pool that it is for
   */
  static Disk make(Path directory, String name, String fsType, int mebibytes) throws IOException {
    Path image = directory.toRealPath().resolve(name + ".img");
    run("truncate", "--size", mebibytes + "M", image.toString());
    run("mkfs." + fsType, "-q", image.toString());
    Disk disk = new Disk(image, Files.createDirectory(directory.toRealPath().resolve(name)));
    disk.mount();
    return disk;
  }

  /** Runs a command of the host, apart from the driver. */
  static String run(String... command) {
    return HOST.run(Command.of(command)).strip();
  }

  void mount() {
    run("mount", "-o", "loop", image.toString(), mountPoint.toString());
  }

  /** Where its pool is. */
  Path pool() {
    return mountPoint.resolve("pool");
  }

  /** The image of a volume in its pool. */
  Path image(String volume) {
    return pool().resolve("volumes").resolve(volume).resolve("disk.img");
  }

  /** Whoever writes to it waits, until it is thawed. */
  void freeze() {
    run("fsfreeze", "--freeze", mountPoint.toString());
  }

  void thaw() {
    run("fsfreeze", "--unfreeze", mountPoint.toString());
  }

  /** Nobody can write to it, until {@link #makeWritable}; files that are open stay as they are. */
  void makeReadOnly() {
    run("mount", "--bind", mountPoint.toString(), mountPoint.toString());
    run("mount", "-o", "remount,bind,ro", mountPoint.toString());
  }

  void makeWritable() {
    run("umount", mountPoint.toString());
  }

  /** Nothing can be read from it or written to it any more, as after an error of the disk. */
  void shutDown() {
    run("xfs_io", "-x", "-c", "shutdown -f", mountPoint.toString());
  }

  /** Takes it away, as a reboot does. */
  void unmount() {
    run("umount", mountPoint.toString());
  }

  /** Takes all but so many bytes of it, until {@link #empty}. */
  void fill(long butBytes) throws IOException {
    long bytes = Files.getFileStore(mountPoint).getUsableSpace() - butBytes;
    run("fallocate", "--length", "" + bytes, filler().toString());
  }

  /** Takes all of it, as its users do who write, until {@link #empty}. */
  void fill() throws IOException {
    fill(8 << 20);
    try (FileChannel channel = FileChannel.open(filler(), StandardOpenOption.APPEND)) {
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
  }

  void empty() throws IOException {
    Files.delete(filler());
    run("sync", "--file-system", mountPoint.toString());
  }

  private Path filler() {
    return mountPoint.resolve("filler");
  }

  @Override
  public void close() {
    run("umount", "--recursive", mountPoint.toString());
  }
}
