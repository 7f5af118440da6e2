package dev.rockpool.storage;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.powercut.DiskCall;
import dev.rockpool.storage.powercut.LossyDisk;
import dev.rockpool.storage.powercut.PowerCuts;
import dev.rockpool.storage.powercut.Trace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The system calls of each operation are recorded; then every disk is made that a power cut between
 * them can leave, with what was not synced lost, kept or torn, and the pool on it is opened again.
 * Whatever was lost: all records can be read, what was acknowledged is there, the same call again
 * ends right, and when all is taken away nothing is left.
 */
final class PowerCutIT {
  private static final Host HOST = new ExecHost((program, succeeded, took) -> {});
  private static final long SEED = 1;
  private static final int TOLD = 12;
  private static final String BYSTANDER = "bystander";
  private static final Map<String, PoolFilesystem> filesystems = new HashMap<>();

  private static int cuts;
  private static int recovered;

  @BeforeAll
  static void mount(@TempDir Path directory) throws IOException {
    filesystems.put("xfs", PoolFilesystem.xfs(Files.createDirectory(directory.resolve("xfs"))));
    filesystems.put(
        "ext4",
        PoolFilesystem.make(
            Files.createDirectory(directory.resolve("ext4")), 4 << 10, "mkfs.ext4", "-q"));
  }

  @AfterAll
  static void unmount() throws IOException {
    System.out.printf("power cuts: %d disks, %d recovered%n", cuts, recovered);
    for (PoolFilesystem filesystem : filesystems.values()) {
      filesystem.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void losesNothing(PowerCutOperation operation) throws IOException {
    Path directory = requireNonNull(filesystems.get(operation.poolFs())).newDirectory();
    Path pool = directory.resolve("pool");
    PoolDirectory.init(PoolFixture.POOL, pool, operation.kind());
    try (OpenPool open = OpenPool.open(pool)) {
      open.create(Asked.block(BYSTANDER));
      open.write(BYSTANDER);
      operation.before(open);
    }
    Path base = directory.resolve("base");
    HOST.run(Command.of("cp", "-a", "--reflink=auto", "" + pool, "" + base));
    List<DiskCall> calls = record(operation, pool, directory.resolve("trace"));

    LossyDisk disk = new LossyDisk(pool, base, Files.createDirectory(directory.resolve("scratch")));
    int acknowledged = Integer.MAX_VALUE;
    for (int i = 0; i < calls.size(); i++) {
      disk.apply(calls.get(i));
      if (calls.get(i) instanceof DiskCall.Say(String text)
          && text.startsWith(PowerCutOperation.DONE)) {
        acknowledged = i + 1;
      }
    }
    assertThat(acknowledged).as("acknowledged").isLessThanOrEqualTo(calls.size());
    Path disks = directory.resolve("disk");
    PowerCuts.none(disk).build(disk, disks);
    HOST.run(Command.of("diff", "--recursive", "" + pool, "" + disks));
    AtomicFiles.deleteTree(disks);

    for (PowerCuts.Cut cut : PowerCuts.of(disk, SEED)) {
      cuts++;
      for (Next next : Next.values()) {
        cut.build(disk, disks);
        try {
          recovers(operation, disks, cut.calls() >= acknowledged, next);
        } catch (IOException | RuntimeException | AssertionError e) {
          throw new AssertionError(
              next + " after " + operation + ", " + tell(calls, cut).replace("" + pool, ""), e);
        }
        AtomicFiles.deleteTree(disks);
      }
      recovered++;
    }
    AtomicFiles.deleteTree(directory);
  }

  /** What is done with the pool when it is open again. */
  private enum Next {
    SAME_CALL_AGAIN,
    ALL_TAKEN_AWAY
  }

  private static String tell(List<DiskCall> calls, PowerCuts.Cut cut) {
    int to = cut.calls();
    return "seed "
        + SEED
        + ", "
        + cut
        + "; calls before:\n"
        + calls.subList(Math.max(0, to - TOLD), to).stream()
            .map(DiskCall::toString)
            .collect(Collectors.joining("\n"));
  }

  private static List<DiskCall> record(PowerCutOperation operation, Path pool, Path log)
      throws IOException {
    List<String> command =
        List.of(
            ProcessHandle.current().info().command().orElseThrow(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            PowerCutOperation.Main.class.getName(),
            operation.name(),
            pool.toString());
    return Trace.of(command, log, pool);
  }

  private static void recovers(
      PowerCutOperation operation, Path disk, boolean acknowledged, Next next) throws IOException {
    try (OpenPool open = OpenPool.open(disk)) {
      assertThat(open.unreadable()).isEmpty();
      open.holds(BYSTANDER, BYSTANDER);
      if (acknowledged) {
        operation.check(open);
      }
      if (next == Next.SAME_CALL_AGAIN) {
        operation.call(open);
        operation.check(open);
      }
      assertThat(open.unreadable()).isEmpty();
      open.holds(BYSTANDER, BYSTANDER);
      open.clear(List.of("v", "w", "r", BYSTANDER), List.of("s"), List.of("g"));
    }
  }
}
