package dev.rockpool.driver.fuzz;

import static org.awaitility.Awaitility.await;

import dev.rockpool.driver.CsiClient;
import dev.rockpool.driver.DriverProcess;
import dev.rockpool.driver.Leftovers;
import dev.rockpool.driver.TestFilesystem;
import dev.rockpool.driver.TestPools;
import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolName;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The program on a copy of the whole machine's files, an overlay: whatever it writes elsewhere than
 * in its work directory is found in the overlay's upper directory, and harms nobody.
 */
final class ContainedDriver implements AutoCloseable {
  static final String NODE = "node";
  static final long LIMIT_BYTES = 2L << 30;

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});

  // The rest of the command line is what is run in there.
  private static final String CONTAIN =
      """
      set -e
      upper=$1 root=$2 work=$3
      shift 3
      mount -t overlay overlay -o "lowerdir=/,upperdir=$upper/files,workdir=$upper/work" "$root"
      for part in /proc /sys /dev; do mount --rbind "$part" "$root$part"; done
      mkdir -p "$root$work"
      mount --rbind "$work" "$root$work"
      exec chroot "$root" "$@"
      """;

  private final Path upper;
  private final Path work;
  private final TestFilesystem filesystem;
  private final DriverProcess driver;
  private final ManagedChannel channel;

  ContainedDriver(Path directory) throws IOException {
    Path real = directory.toRealPath();
    work = Files.createDirectory(real.resolve("work"));
    filesystem = new TestFilesystem(work, "xfs", 4);
    upper = Files.createDirectory(real.resolve("upper"));
    HOST.run(Command.of("mount", "-t", "tmpfs", "upper", upper.toString()));
    Files.createDirectory(upper.resolve("files"));
    Files.createDirectory(upper.resolve("work"));
    TestPools.local("default", pools().getFirst());
    PoolDirectory.init(new PoolName("team"), pools().getLast(), PoolKind.SHARED);
    for (Path made : List.of(targets(), work.resolve("tmp"))) {
      Files.createDirectory(made);
    }
    Path root = Files.createDirectory(real.resolve("root"));
    driver =
        DriverProcess.start(
            real,
            List.of(
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                CONTAIN,
                "contain",
                "" + upper,
                "" + root,
                "" + work),
            "-XX:-UsePerfData -Djava.io.tmpdir=" + work.resolve("tmp"),
            "standalone",
            "--pool",
            "default=" + pools().getFirst() + ",limit=" + LIMIT_BYTES,
            "--pool",
            "team=" + pools().getLast() + ",limit=" + LIMIT_BYTES,
            "--node-id",
            NODE,
            "--endpoint",
            "unix://" + work.resolve("run/csi.sock"),
            "--state-dir",
            state().toString(),
            "--target-root",
            targets().toString());
    channel = driver.connect(work.resolve("run/csi.sock"));
    await().atMost(PATIENCE).until(client()::ready);
  }

  ManagedChannel channel() {
    return channel;
  }

  CsiClient client() {
    return new CsiClient(channel, NODE);
  }

  /** All that the program may write to is here. */
  Path work() {
    return work;
  }

  /** The only directory below which the program may mount. */
  Path targets() {
    return work.resolve("targets");
  }

  private Path state() {
    return work.resolve("state");
  }

  private List<Path> pools() {
    return List.of(
        filesystem.mountPoint().resolve("pool"), filesystem.mountPoint().resolve("team"));
  }

  /** What the program sees at the path. */
  Path seen(Path path) {
    return Path.of("/proc/" + driver.pid() + "/root").resolve(path.toString().substring(1));
  }

  boolean isAlive() {
    return driver.isAlive();
  }

  String output() {
    return driver.output();
  }

  /** The files that were written, made or removed outside of the work directory. */
  List<Path> writtenOutside() throws IOException {
    try (Stream<Path> files = Files.walk(upper.resolve("files"))) {
      return files.map(upper.resolve("files")::relativize).sorted().toList();
    }
  }

  /** What is left of volumes, snapshots and their uses. */
  List<String> left() throws IOException {
    List<String> left = new ArrayList<>();
    for (Path pool : pools()) {
      Leftovers.contents(pool).forEach(file -> left.add("in the pool: " + file));
      Leftovers.loopFiles(pool).forEach(file -> left.add("loop device: " + file));
    }
    try (Stream<Path> files = Files.list(state())) {
      files.forEach(file -> left.add("in the state: " + file));
    }
    String mounts = Files.readString(Path.of("/proc/" + driver.pid() + "/mountinfo"));
    mounts
        .lines()
        .map(line -> line.split(" ", -1)[4])
        .filter(point -> point.startsWith(work + "/"))
        .filter(point -> !point.equals(filesystem.mountPoint().toString()))
        .forEach(point -> left.add("mount: " + point));
    return left;
  }

  @Override
  public void close() throws IOException {
    try (filesystem;
        AutoCloseable _ = () -> HOST.run(Command.of("umount", upper.toString()));
        driver) {
      channel.shutdownNow();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
