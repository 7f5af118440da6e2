package dev.rockpool.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rockpool.driver.TestPools;
import dev.rockpool.storage.Contents;
import dev.rockpool.storage.GroupId;
import dev.rockpool.storage.GroupRecord;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.SnapshotRecord;
import dev.rockpool.storage.VolumeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Beside an open pool, as beside a running driver. */
final class SnapshotCommandsTest {
  private static final NodeId NODE = NodeId.parse("worker-1");
  private static final Instant MOMENT = Instant.parse("2026-11-22T19:30:00.125Z");

  @TempDir private Path temporary;
  private Path directory;
  private Pools pools;

  @BeforeEach
  void fillAPool() throws IOException {
    directory = temporary.resolve("pool").toAbsolutePath();
    PoolSpec spec = TestPools.local("default", directory);
    pools = Pools.open(List.of(spec), NODE, 0);
    write(snapshot("before", Contents.EXT4, SnapshotRecord.State.READY, 0, Optional.empty()));
    write(snapshot("half", Contents.BLOCK, SnapshotRecord.State.COPYING, 27, Optional.empty()));
    write(snapshot("tree", Contents.DIRECTORY, SnapshotRecord.State.COPYING, 0, Optional.empty()));
    GroupId group = GroupId.parse("nightly");
    SnapshotRecord member =
        snapshot("s-1f", Contents.XFS, SnapshotRecord.State.READY, 0, Optional.of(group));
    write(member);
    record(
        directory.resolve("groups/nightly/group.json"),
        new GroupRecord(
            GroupRecord.FORMAT_VERSION,
            group,
            "nightly",
            GroupRecord.State.READY,
            List.of(new GroupRecord.Member(member.id(), member.source())),
            MOMENT));
    Files.createDirectory(directory.resolve("snapshots/lost"));
    Files.createDirectory(directory.resolve("snapshots/broken"));
    Files.writeString(
        directory.resolve("snapshots/broken/snapshot.json"), "{\"formatVersion\":99}");
  }

  @AfterEach
  void close() {
    pools.close();
  }

  private static SnapshotRecord snapshot(
      String name,
      Contents contents,
      SnapshotRecord.State state,
      long copiedMebibytes,
      Optional<GroupId> group) {
    return new SnapshotRecord(
        SnapshotRecord.FORMAT_VERSION,
        SnapshotId.ofName(name),
        name,
        state,
        VolumeId.parse("data-1"),
        contents,
        64 << 20,
        contents.image() ? 512 : 1,
        5 << 20,
        copiedMebibytes << 20,
        Instant.EPOCH,
        NODE,
        group,
        MOMENT,
        Optional.empty());
  }

  private void write(SnapshotRecord snapshot) throws IOException {
    record(directory.resolve("snapshots/" + snapshot.id() + "/snapshot.json"), snapshot);
  }

  private static void record(Path file, Object record) throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, Json.MAPPER.writeValueAsBytes(record));
  }

  private CommandRun run(String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--pool";
    all[arguments.length + 1] = "default=" + directory;
    return CommandRun.of(all);
  }

  @Test
  void listShowsSnapshotsWithHowFarTheyAreAndOrphansWithTheReason() {
    CommandRun run = run("snapshot", "list");

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    List<String> lines = run.out().lines().toList();
    assertThat(lines.get(0))
        .matches("SNAPSHOT +POOL +VOLUME +SIZE +PROMISED +STATE +GROUP +CREATED");
    assertThat(lines.get(1)).matches("before +default +data-1 +64 MiB +5 MiB +ready +- +" + MOMENT);
    assertThat(lines.get(2)).matches("broken +default +- +- +- +orphan +- +-");
    assertThat(lines.get(3)).matches("half +default +data-1 .* copying \\(42%\\) +- +" + MOMENT);
    assertThat(lines.get(4)).matches("lost +default +- +- +- +orphan +- +-");
    assertThat(lines.get(6)).matches("tree +default +data-1 .* copying +- +" + MOMENT);
    assertThat(run.out())
        .contains("orphan \"broken\" in pool \"default\"")
        .contains("formatVersion 99")
        .contains("orphan \"lost\" in pool \"default\": it has no record");
  }

  @Test
  void membersOfAGroupNameIt() {
    assertThat(run("snapshot", "list").out())
        .containsPattern("(?m)^s-\\w+ +default +data-1 .* ready +nightly +" + MOMENT + "$");
  }

  @Test
  void listIsForProgramsToo() throws Exception {
    JsonNode snapshots = run("snapshot", "list", "-o", "json").json();

    assertThat(snapshots).hasSize(6);
    assertThat(snapshots.get(1).get("state").asText()).isEqualTo("orphan");
    assertThat(snapshots.get(1).get("problem").asText()).contains("formatVersion 99");
    JsonNode snapshot = snapshots.get(2);
    assertThat(snapshot.get("id").asText()).isEqualTo("half");
    assertThat(snapshot.get("pool").asText()).isEqualTo("default");
    assertThat(snapshot.get("source").asText()).isEqualTo("data-1");
    assertThat(snapshot.get("state").asText()).isEqualTo("copying");
    assertThat(snapshot.get("sizeBytes").asLong()).isEqualTo(64 << 20);
    assertThat(snapshot.get("copiedBytes").asLong()).isEqualTo(27 << 20);
    assertThat(snapshot.get("promisedBytes").asLong()).isEqualTo(5 << 20);
    assertThat(snapshot.get("createdAt").asText()).isEqualTo(MOMENT.toString());
  }

  @Test
  void showTellsAllAboutOneSnapshot() {
    CommandRun run = run("snapshot", "show", "before");

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .containsPattern("(?m)^snapshot +before$")
        .containsPattern("(?m)^pool +default \\(local, " + directory + "\\)$")
        .containsPattern("(?m)^state +ready$")
        .containsPattern("(?m)^volume +data-1$")
        .containsPattern("(?m)^contents +ext4$")
        .containsPattern("(?m)^size +64 MiB \\(67108864 bytes\\)$")
        .containsPattern("(?m)^promised +5 MiB \\(5242880 bytes\\)$")
        .containsPattern("(?m)^created +" + MOMENT + "$")
        .containsPattern("(?m)^taken by +worker-1$")
        .containsPattern("(?m)^path +" + directory + "/snapshots/before/disk.img$")
        .doesNotContain("group");
  }

  @Test
  void showTellsTheGroupAndWhetherItIsReady() {
    String member = SnapshotId.ofName("s-1f").value();

    assertThat(run("snapshot", "show", member).out())
        .containsPattern("(?m)^group +nightly \\(ready\\)$");
  }

  @Test
  void showIsForProgramsToo() throws Exception {
    JsonNode snapshot = run("snapshot", "show", "tree", "-o", "json").json();

    assertThat(snapshot.get("id").asText()).isEqualTo("tree");
    assertThat(snapshot.get("path").asText()).isEqualTo(directory + "/snapshots/tree/data");
  }

  @Test
  void showTellsWhyAnOrphanIsOne() {
    CommandRun run = run("snapshot", "show", "broken");

    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("orphan").contains("formatVersion 99");
  }

  @Test
  void showSaysThatThereIsNone() {
    CommandRun run = run("snapshot", "show", "nothing");

    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .isEqualToIgnoringNewLines("rockpool: no snapshot \"nothing\" in \"default\"");
  }

  @Test
  void showRefusesAPathForAnId() {
    CommandRun run = run("snapshot", "show", "../../etc");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("../../etc").contains("is not a snapshot id");
  }
}
