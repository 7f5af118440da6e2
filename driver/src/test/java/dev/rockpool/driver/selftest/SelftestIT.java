package dev.rockpool.driver.selftest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rockpool.driver.DriverProcess;
import dev.rockpool.driver.TestFilesystem;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The built program against itself, on real loop devices. */
@Timeout(180)
final class SelftestIT {
  @TempDir private Path temporary;
  private Path pool;
  private Path work;

  @BeforeEach
  void needRoot() throws IOException {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
        "needs root: it attaches loop devices and mounts filesystems");
    pool = temporary.toRealPath().resolve("pool");
    work = temporary.toRealPath().resolve("work");
  }

  private DriverProcess driver(String node) throws IOException {
    DriverProcess driver =
        DriverProcess.start(
            temporary,
            "standalone",
            "--pool",
            "default=" + pool,
            "--node-id",
            node,
            "--endpoint",
            "unix://" + socket(node),
            "--state-dir",
            temporary.resolve(node + "/state").toString());
    var _ = driver.connect(socket(node)).shutdownNow();
    return driver;
  }

  private Path socket(String node) {
    return temporary.resolve(node + "/csi.sock");
  }

  private DriverProcess selftest(String... more) throws IOException {
    return DriverProcess.start(
        temporary,
        Stream.concat(
                Stream.of(
                    "selftest",
                    "--endpoint",
                    "unix://" + socket("node-a"),
                    "--work-dir",
                    work.toString()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void everyKindOfVolumeWorksOnTwoNodesOfASharedPool() throws Exception {
    PoolDirectory.init(new PoolName("default"), pool, PoolKind.SHARED);
    try (DriverProcess first = driver("node-a");
        DriverProcess second = driver("node-b");
        DriverProcess selftest =
            selftest("--second-endpoint", "unix://" + socket("node-b"), "-o", "json")) {
      assertThat(selftest.exitCode()).as(() -> first.output() + second.output()).isZero();

      JsonNode result = Json.MAPPER.readTree(selftest.output());
      assertThat(result.get("failed").asInt()).isZero();
      assertThat(result.get("ok").asInt()).isGreaterThan(200);
      List<JsonNode> steps =
          StreamSupport.stream(result.get("steps").spliterator(), false).toList();
      assertThat(steps)
          .extracting(step -> step.get("group").asText())
          .contains("driver", "block", "ext4", "xfs", "btrfs", "directory");
      assertThat(steps)
          .filteredOn(step -> step.get("step").asText().equals("refuse a second node"))
          .hasSize(4)
          .allSatisfy(step -> assertThat(step.get("detail").asText()).contains("node-a"));
      assertThat(steps)
          .filteredOn(step -> step.get("outcome").asText().equals("skipped"))
          .allSatisfy(step ->
              assertThat(step.get("detail").asText())
                  .containsAnyOf("CAP_SYS_RESOURCE", "reflinks", "a directory"));
      assertNothingIsLeft();
    }
  }

  @Test
  void snapshotsOfVolumesInUseAndTheirGroupsWorkWhereBlocksAreShared() throws Exception {
    try (TestFilesystem filesystem = new TestFilesystem(temporary.toRealPath(), "xfs", 8)) {
      pool = filesystem.mountPoint().resolve("pool");
      PoolDirectory.init(new PoolName("default"), pool, PoolKind.LOCAL);
      try (DriverProcess driver = driver("node-a");
          DriverProcess selftest = selftest("--contents", "block,xfs")) {
        assertThat(selftest.exitCode()).as(driver::output).isZero();

        assertThat(selftest.output())
            .containsPattern("(?s)snapshot it in use +ok .*snapshot it in use +ok ")
            .containsPattern("(?s)tell changed blocks +ok .*tell changed blocks +ok ")
            .containsPattern(
                "(?s)snapshot both as a group +ok .* 2 members.*snapshot both as a group +ok ")
            .doesNotContain("reflinks");
        assertNothingIsLeft();
        driver.terminate();
        assertThat(driver.exitCode()).as("so that the filesystem can be unmounted").isZero();
      }
    }
  }

  @Test
  void whatCannotBeTriedIsSkippedWithTheReason() throws Exception {
    PoolDirectory.init(new PoolName("default"), pool, PoolKind.LOCAL);
    try (DriverProcess driver = driver("node-a");
        DriverProcess selftest = selftest("--contents", "block,directory")) {
      assertThat(selftest.exitCode()).as(driver::output).isZero();

      assertThat(selftest.output())
          .containsPattern("refuse a second node +skipped .* give --second-endpoint")
          .containsPattern("create +skipped .* needs a shared pool; \"default\" is local")
          .containsPattern("\\d+ steps: \\d+ ok, 0 failed, [34] skipped, in [0-9.]+ s\n$")
          .doesNotContain("\u001b");
      assertNothingIsLeft();
    }
  }

  @Test
  void takesAwayWhatItMadeWhenItIsInterrupted() throws Exception {
    PoolDirectory.init(new PoolName("default"), pool, PoolKind.LOCAL);
    try (DriverProcess driver = driver("node-a");
        DriverProcess selftest = selftest("--contents", "ext4,xfs,btrfs,block")) {
      await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> selftest.output().contains("publish at a target"));

      selftest.terminate();

      assertThat(selftest.exitCode()).as(driver::output).isEqualTo(1);
      assertThat(selftest.output()).contains(" steps: ");
      assertNothingIsLeft();
    }
  }

  @Test
  void saysThatNobodyAnswers() throws Exception {
    try (DriverProcess selftest = selftest()) {
      assertThat(selftest.exitCode()).isEqualTo(1);
      assertThat(selftest.output())
          .containsPattern(
              "answers and is ready +FAILED .*nobody answers on unix://" + socket("node-a"));
      assertThat(work).doesNotExist();
    }
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(pool.resolve("volumes")).isEmptyDirectory();
    assertThat(pool.resolve("snapshots")).isEmptyDirectory();
    assertThat(pool.resolve("groups")).isEmptyDirectory();
    assertThat(work).doesNotExist();
    assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(work.toString());
  }
}
