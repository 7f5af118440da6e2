package dev.rockpool.driver.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.driver.DriverProcess;
import dev.rockpool.storage.PoolKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The real program is killed at every boundary of every operation. After each: another process
 * takes over, the same call is made again and ends right, what was acknowledged is there, and when
 * all is taken away nothing is left: no file, record, mount, loop device, or promise of capacity.
 */
final class CrashPointsIT {
  private static final String DIRECTORY = Orchestrator.DIRECTORY;
  // As kubelet names them.
  private static final String EPHEMERAL = "csi-" + "0123456789abcdef".repeat(4);

  private static final AtomicInteger boundaries = new AtomicInteger();
  private static final AtomicInteger killed = new AtomicInteger();
  private static final AtomicInteger recovered = new AtomicInteger();

  @TempDir private static Path temporary;
  private static Path program;

  /** What is done to volumes. */
  interface Calls {
    void run(Orchestrator calls) throws IOException;
  }

  /**
   * An operation.
   *
   * @param name of it
   * @param poolFs the filesystem of the pool
   * @param kind of the pool
   * @param before makes what it needs
   * @param call the operation, which may be done again
   * @param after looks whether all is as it should be
   */
  record Operation(
      String name, String poolFs, PoolKind kind, Calls before, Calls call, Calls after) {
    @Override
    public String toString() {
      return name + " on " + poolFs;
    }
  }

  private static Operation on(String poolFs, String name, Calls before, Calls call, Calls after) {
    return new Operation(name, poolFs, PoolKind.LOCAL, before, call, after);
  }

  private static Operation onShared(String name, Calls before, Calls call, Calls after) {
    return new Operation(name, "xfs", PoolKind.SHARED, before, call, after);
  }

  private static void holds(Orchestrator c, String id, String fsType, String content)
      throws IOException {
    assertThat(c.content(id, fsType, content)).as("content of %s", id).isEqualTo(content);
  }

  static Stream<Operation> operations() {
    return Stream.of(
        on("xfs", "create ext4", _ -> {}, c -> c.create("v", "ext4", 32), c -> c.use("v", "ext4")),
        on(
            "xfs",
            "create thick block",
            _ -> {},
            c -> c.create("v", "", 8, "allocation", "thick"),
            c -> c.use("v", "")),
        on("xfs", "delete", c -> c.create("v", "ext4", 32), c -> c.delete("v"), _ -> {}),
        on(
            "xfs",
            "expand",
            c -> {
              c.use("v", "xfs", 300, "data");
            },
            c -> {
              c.expand("v", 320);
              c.expandOnNode("v", 320);
            },
            c -> holds(c, "v", "xfs", "data")),
        on("xfs", "attach", c -> c.create("v", "ext4", 32), c -> c.attach("v", "ext4"), _ -> {}),
        on(
            "xfs",
            "detach",
            c -> {
              c.create("v", "ext4", 32);
              c.attach("v", "ext4");
            },
            c -> c.detach("v"),
            _ -> {}),
        on(
            "xfs",
            "stage, publish",
            c -> {
              c.use("v", "ext4", 32, "data");
              c.unpublish("v");
              c.unstage("v");
            },
            c -> {
              c.stage("v", "ext4");
              c.publish("v", "ext4", false);
            },
            c -> holds(c, "v", "ext4", "data")),
        on(
            "xfs",
            "unpublish, unstage",
            c -> c.use("v", "ext4", 32, "data"),
            c -> {
              c.unpublish("v");
              c.unstage("v");
            },
            c -> {
              c.use("v", "ext4");
              holds(c, "v", "ext4", "data");
            }),
        on(
            "xfs",
            "stage, publish block read-only",
            c -> {
              c.use("v", "", 8, "data");
              c.unpublish("v");
              c.unstage("v");
            },
            c -> {
              c.stage("v", "");
              c.publish("v", "", true);
            },
            c -> holds(c, "v", "", "data")),
        on(
            "xfs",
            "unpublish, unstage block read-only",
            c -> {
              c.use("v", "", 8, "data");
              c.unpublish("v");
              c.publish("v", "", true);
            },
            c -> {
              c.unpublish("v");
              c.unstage("v");
            },
            c -> {
              c.use("v", "");
              holds(c, "v", "", "data");
            }),
        on(
            "xfs",
            "snapshot in use",
            c -> c.use("v", "ext4", 32, "data"),
            c -> c.snapshot("s", "v"),
            c -> {
              c.restore("r", "ext4", 32, "s");
              c.use("r", "ext4");
              holds(c, "r", "ext4", "data");
              holds(c, "v", "ext4", "data");
            }),
        on(
            "xfs",
            "delete snapshot",
            c -> {
              c.use("v", "ext4", 32, "data");
              c.snapshot("s", "v");
            },
            c -> c.deleteSnapshot("s"),
            c -> {
              assertThat(c.countSnapshots()).isZero();
              holds(c, "v", "ext4", "data");
            }),
        on(
            "xfs",
            "restore larger",
            c -> {
              c.use("v", "xfs", 300, "data");
              c.snapshot("s", "v");
            },
            c -> c.restore("r", "xfs", 310, "s"),
            c -> {
              c.use("r", "xfs");
              holds(c, "r", "xfs", "data");
            }),
        on(
            "xfs",
            "clone in use",
            c -> c.use("v", "btrfs", 256, "data"),
            c -> c.copy("r", "btrfs", 256, "v"),
            c -> {
              c.use("r", "btrfs");
              holds(c, "r", "btrfs", "data");
              holds(c, "v", "btrfs", "data");
            }),
        on(
            "xfs",
            "group",
            c -> {
              c.use("v", "ext4", 32, "data");
              c.use("w", "ext4", 32, "more");
            },
            c -> c.group("g", "v", "w"),
            c -> {
              assertThat(c.countSnapshots()).isEqualTo(2);
              holds(c, "v", "ext4", "data");
              holds(c, "w", "ext4", "more");
            }),
        on(
            "xfs",
            "delete group",
            c -> {
              c.create("v", "ext4", 32);
              c.create("w", "ext4", 32);
              c.group("g", "v", "w");
            },
            c -> c.deleteGroup("g"),
            c -> assertThat(c.countSnapshots()).isZero()),
        on(
            "xfs",
            "modify",
            c -> c.create("v", "", 8),
            c -> c.modify("v", "readIops", 100),
            _ -> {}),
        on(
            "ext4",
            "snapshot by copying",
            c -> {
              c.use("v", "ext4", 32, "data");
              c.takeOff("v");
            },
            c -> c.snapshot("s", "v"),
            c -> {
              c.restore("r", "ext4", 32, "s");
              c.use("r", "ext4");
              holds(c, "r", "ext4", "data");
            }),
        on(
            "ext4",
            "restore by copying",
            c -> {
              c.use("v", "ext4", 32, "data");
              c.takeOff("v");
              c.snapshot("s", "v");
            },
            c -> c.restore("r", "ext4", 40, "s"),
            c -> {
              c.use("r", "ext4");
              holds(c, "r", "ext4", "data");
            }),
        onShared(
            "create directory",
            _ -> {},
            c -> c.create("v", DIRECTORY, 32),
            c -> c.use("v", DIRECTORY)),
        onShared(
            "delete directory",
            c -> {
              c.use("v", DIRECTORY, 32, "data");
              c.takeOff("v");
            },
            c -> c.delete("v"),
            _ -> {}),
        onShared(
            "stage, publish directory",
            c -> {
              c.use("v", DIRECTORY, 32, "data");
              c.unpublish("v");
              c.unstage("v");
            },
            c -> {
              c.stage("v", DIRECTORY);
              c.publish("v", DIRECTORY, false);
            },
            c -> holds(c, "v", DIRECTORY, "data")),
        onShared(
            "unpublish, unstage directory",
            c -> c.use("v", DIRECTORY, 32, "data"),
            c -> {
              c.unpublish("v");
              c.unstage("v");
            },
            c -> {
              c.use("v", DIRECTORY);
              holds(c, "v", DIRECTORY, "data");
            }),
        onShared(
            "snapshot directory in use",
            c -> c.use("v", DIRECTORY, 32, "data"),
            c -> c.snapshot("s", "v"),
            c -> {
              c.restore("r", DIRECTORY, 32, "s");
              c.use("r", DIRECTORY);
              holds(c, "r", DIRECTORY, "data");
              holds(c, "v", DIRECTORY, "data");
            }),
        onShared(
            "clone directory",
            c -> c.use("v", DIRECTORY, 32, "data"),
            c -> c.copy("r", DIRECTORY, 32, "v"),
            c -> {
              c.use("r", DIRECTORY);
              holds(c, "r", DIRECTORY, "data");
              holds(c, "v", DIRECTORY, "data");
            }),
        on(
            "xfs",
            "publish ephemeral",
            _ -> {},
            c -> c.publishEphemeral(EPHEMERAL),
            c -> assertThat(c.target(EPHEMERAL).resolve("lost+found")).isDirectory()),
        on(
            "xfs",
            "unpublish ephemeral",
            c -> c.publishEphemeral(EPHEMERAL),
            c -> c.unpublish(EPHEMERAL),
            c -> assertThat(c.target(EPHEMERAL)).doesNotExist()));
  }

  @BeforeAll
  static void markProgram() throws IOException {
    program = temporary.resolve("rockpool");
    MarkedProgram.make(DriverProcess.DISTRIBUTION, program);
  }

  @AfterAll
  static void tell() {
    System.out.printf(
        "crash points: %s boundaries, %s killed, %s recovered%n", boundaries, killed, recovered);
  }

  // Each has a pool and a process of its own, which is most of the time at its start.
  @ParameterizedTest
  @MethodSource("operations")
  @Execution(ExecutionMode.CONCURRENT)
  void isRightAfterwardsWhereverItWasKilled(Operation operation) throws Exception {
    try (Scene scene = Scene.open(temporary, program, operation.poolFs(), operation.kind())) {
      Orchestrator calls = scene.calls();
      operation.before().run(calls);
      scene.arm(0);
      operation.call().run(calls);
      int all = scene.disarm();
      assertThat(all).as("boundaries").isGreaterThan(1);
      operation.after().run(calls);
      scene.clear("unharmed");

      for (int boundary = 1; boundary <= all; boundary++) {
        operation.before().run(calls);
        if (scene.isKilled(boundary, operation.call())) {
          killed.incrementAndGet();
        }
        operation.call().run(calls);
        operation.after().run(calls);
        scene.clear("killed at boundary " + boundary + " of " + all);
        recovered.incrementAndGet();
      }
      boundaries.addAndGet(all);
    }
  }
}
