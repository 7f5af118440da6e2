package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import dev.rockpool.storage.FsType;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A filesystem of our own for a class's pools, on a loop device. Its {@link #root} holds all that
 * tests make. After each test nothing may be mounted there but this filesystem, and no loop device
 * may serve anything in it: what a test leaves fails it, and is cleared away.
 */
final class Machine
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  private static final long FILESYSTEM_BYTES = 16L << 30;
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});

  private final FsType fsType;
  private Path root = Path.of("/");
  private int tests;
  private boolean untidy;

  private Machine(FsType fsType) {
    this.fsType = fsType;
  }

  /** With reflinks. */
  static Machine xfs() {
    return new Machine(FsType.XFS);
  }

  /** With reflinks. */
  static Machine btrfs() {
    return new Machine(FsType.BTRFS);
  }

  /** Without reflinks. */
  static Machine ext4() {
    return new Machine(FsType.EXT4);
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    root = Files.createTempDirectory("rockpool-node-").toRealPath();
    Path image = root.resolve("machine.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(FILESYSTEM_BYTES);
    }
    run("mkfs." + fsType.label(), "-q", image.toString());
    run("mount", "-o", "loop", image.toString(), Files.createDirectory(disk()).toString());
  }

  /** Below which everything is that tests make; node services allow targets in all of it. */
  Path root() {
    return root;
  }

  /** Where the filesystem is mounted. */
  Path disk() {
    return root.resolve("disk");
  }

  /** A directory on the filesystem for a pool, another one for each test. */
  Path pool() {
    return disk().resolve("pool-" + tests);
  }

  /** A directory for a node of this test. */
  Path node(String id) {
    return root.resolve(pool().getFileName() + "-" + id);
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    tests++;
  }

  @Override
  public void afterEach(ExtensionContext context) {
    List<String> left = new ArrayList<>();
    for (Mount mount : mounts().reversed()) {
      left.add("mounted: " + mount.mountPoint());
      run("umount", "--lazy", mount.mountPoint().toString());
    }
    for (String device : loopDevices()) {
      if (!vanishesByItself(device)) {
        left.add("attached: " + device + " to " + attribute(device, "backing_file"));
      }
    }
    detachAll();
    untidy |= !left.isEmpty();
    assertThat(left).as("what the test left").isEmpty();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (untidy) {
      run("umount", "--lazy", disk().toString());
    } else {
      run("umount", disk().toString());
    }
    run("rm", "--recursive", "--one-file-system", root.toString());
  }

  /** What is mounted below the root, but for the filesystem itself. */
  List<Mount> mounts() {
    return MountTable.read().all().stream()
        .filter(mount -> mount.mountPoint().startsWith(root))
        .filter(mount -> !mount.mountPoint().equals(disk()))
        .toList();
  }

  /** The loop devices that serve files on the filesystem. */
  List<String> loopDevices() {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> devices = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
      for (Path device : devices) {
        String name = "/dev/" + device.getFileName();
        if (attribute(name, "backing_file").startsWith(disk().toString())) {
          found.add(name);
        }
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Detaches all of them by hand, but for those that vanish with their last user: such a device's
   * number may be somebody else's by the time that it is named.
   */
  void detachAll() {
    for (String device : loopDevices()) {
      if (!vanishesByItself(device)) {
        run("losetup", "--detach", device);
      }
    }
    await().pollDelay(Duration.ZERO).untilAsserted(() -> assertThat(loopDevices()).isEmpty());
  }

  private static boolean vanishesByItself(String device) {
    return !attribute(device, "autoclear").equals("0");
  }

  private static String attribute(String device, String name) {
    try {
      String number = device.substring("/dev/".length());
      return Files.readString(Path.of("/sys/block", number, "loop", name)).strip();
    } catch (IOException e) {
      // Not attached, or not any more.
      return "";
    }
  }

  /**
   * All that a call that is refused must leave as it is: files, mounts and loop devices of this
   * test. Locks may come with the first try to use something.
   */
  List<String> everything() {
    List<String> all = new ArrayList<>();
    mounts().forEach(mount -> all.add(mount.toString()));
    all.addAll(loopDevices());
    describe(pool(), all);
    try (DirectoryStream<Path> nodes =
        Files.newDirectoryStream(root, pool().getFileName() + "-*")) {
      nodes.forEach(node -> describe(node, all));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    all.removeIf(line -> line.contains(".lock "));
    return all.stream().sorted().toList();
  }

  void assertUnchanged(List<String> before) {
    assertThat(everything()).containsExactlyElementsOf(before);
  }

  /** A copy of the file as it is at this moment, also while it is written. */
  Path snapshot(Path file) {
    Path copy = root.resolve("disk/snapshot-" + tests + "-" + file.getFileName());
    run("cp", "--reflink=always", file.toString(), copy.toString());
    return copy;
  }

  /** Asserts that two files are the same, byte for byte. */
  static void assertSame(Path one, Path other) {
    assertThatCode(() -> run("cmp", one.toString(), other.toString())).doesNotThrowAnyException();
  }

  private static void describe(Path path, List<String> all) {
    try {
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        all.add(
            path
                + " "
                + Files.readAttributes(path, "unix:ino,size,mode", LinkOption.NOFOLLOW_LINKS));
        return;
      }
      all.add(path.toString());
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
        for (Path entry : entries) {
          describe(entry, all);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a command of the host, apart from the driver. */
  static String run(String... command) {
    return HOST.run(Command.of(command)).strip();
  }
}
