package dev.rockpool.driver.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.driver.DriverProcess;
import dev.rockpool.driver.Leftovers;
import dev.rockpool.driver.TestPools;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A pool on a filesystem of its own, and the program that serves it until it is killed. */
final class Scene implements AutoCloseable {
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});
  private static final Duration POLL = Duration.ofMillis(1);
  // Less than the filesystem has, which keeps some of what was deleted for a while.
  private static final long LIMIT_BYTES = 3L << 30;
  private static final int KILLED = 128 + 9;

  private final Path work;
  private final Path program;
  private final Path pool;
  private final Path control;
  private final Path socket;
  private DriverProcess driver;
  private final Orchestrator calls;

  private Scene(Path work, Path program, PoolKind kind) throws IOException {
    this.work = work;
    this.program = program;
    this.pool = disk().resolve("pool");
    this.control = Files.createDirectory(work.resolve("control"));
    this.socket = work.resolve("run/csi.sock");
    TestPools.make("default", pool, kind);
    this.driver = start();
    this.calls = new Orchestrator(work, driver.connectReady(socket));
  }

  /**
   * @param directory that everything is made in
   * @param program the directory of a {@link MarkedProgram}
   * @param fsType of the pool
   */
  static Scene open(Path directory, Path program, String fsType, PoolKind kind) throws IOException {
    Path work = Files.createTempDirectory(directory, "scene").toRealPath();
    Path image = work.resolve("disk.img");
    HOST.run(Command.of("truncate", "--size", "4G", image.toString()));
    HOST.run(Command.of("mkfs." + fsType, "-q", image.toString()));
    Path disk = Files.createDirectory(work.resolve("disk"));
    HOST.run(Command.of("mount", "-o", "loop", image.toString(), disk.toString()));
    return new Scene(work, program, kind);
  }

  private Path disk() {
    return work.resolve("disk");
  }

  Orchestrator calls() {
    return calls;
  }

  private DriverProcess start() throws IOException {
    return DriverProcess.start(
        work,
        program,
        "-D" + Boundary.DIRECTORY + "=" + control,
        new String[] {
          "standalone",
          "--pool",
          "default=" + pool + ",limit=" + LIMIT_BYTES,
          "--node-id",
          Orchestrator.NODE,
          "--endpoint",
          "unix://" + socket,
          "--state-dir",
          work.resolve("state").toString(),
          "--target-root",
          work.toString()
        });
  }

  /**
   * Makes the call, in which the program is killed at that boundary, and starts it again.
   *
   * @return false if it was not killed: a thread was elsewhere this time
   */
  boolean isKilled(int boundary, CrashPointsIT.Calls call) throws Exception {
    arm(boundary);
    try {
      call.run(calls);
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode())
          .as(() -> e + driver.output())
          .isEqualTo(Status.Code.UNAVAILABLE);
    }
    // What goes on in the background may be killed when the call was answered already.
    if (answered(disarmed())) {
      return false;
    }
    assertThat(driver.exitCode()).as(driver::output).isEqualTo(KILLED);
    Files.delete(socket);
    Files.deleteIfExists(control.resolve("disarm"));
    driver = start();
    calls.use(driver.connectReady(socket));
    return true;
  }

  /** Counts boundaries from now on, and kills the program at this one; 0 = at none. */
  void arm(int boundary) throws IOException {
    Path file = control.resolve("arm.tmp");
    Files.writeString(file, "" + boundary);
    Files.move(file, control.resolve("arm"));
    await().pollInterval(POLL).until(() -> !Files.exists(control.resolve("arm")));
  }

  /** Ends that, and tells how many boundaries were passed. */
  int disarm() throws IOException {
    Path count = disarmed();
    assertThat(answered(count)).as(driver::output).isTrue();
    return Integer.parseInt(Files.readString(count));
  }

  private Path disarmed() throws IOException {
    Path count = control.resolve("count");
    Files.deleteIfExists(count);
    Files.createFile(control.resolve("disarm"));
    return count;
  }

  /** Whether the program has told how many boundaries it passed; else it has been killed. */
  private boolean answered(Path count) {
    await().pollInterval(POLL).until(() -> Files.exists(count) || !driver.isAlive());
    return Files.exists(count);
  }

  /**
   * Takes everything away, and asserts that nothing is left.
   *
   * @param how it came to this, for messages
   */
  void clear(String how) throws IOException {
    calls.takeAllAway();
    assertThat(calls.capacity()).as("capacity, %s", how).isEqualTo(LIMIT_BYTES);
    assertThat(Leftovers.contents(pool)).as("contents of the pool, %s", how).isEmpty();
    assertThat(work.resolve("state")).as(how).isEmptyDirectory();
    assertThat(Leftovers.mounts(work)).as("mounts, %s", how).containsExactly(disk());
    assertThat(Leftovers.loopFiles(pool)).as("loop devices, %s", how).isEmpty();
  }

  @Override
  public void close() throws IOException {
    calls.close();
    driver.close();
    HOST.run(Command.of("umount", "--recursive", disk().toString()));
  }
}
