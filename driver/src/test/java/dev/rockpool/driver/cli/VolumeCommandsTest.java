package dev.rockpool.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rockpool.driver.TestPools;
import dev.rockpool.storage.Access;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.PoolVolumes;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeSource;
import dev.rockpool.storage.host.ExecHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Beside an open pool, as beside a running driver. */
final class VolumeCommandsTest {
  private static final NodeId NODE = NodeId.parse("worker-1");

  @TempDir private Path temporary;
  private Path directory;
  private Pools pools;
  private PoolVolumes volumes;

  @BeforeEach
  void fillAPool() throws IOException {
    directory = temporary.resolve("pool").toAbsolutePath();
    PoolSpec spec = TestPools.local("default", directory);
    pools = Pools.open(List.of(spec), NODE, 0);
    volumes = new PoolVolumes(() -> pools, new ExecHost((_, _, _) -> {}));
    volumes.create(block("data-1", 64 << 20));
    var data2 = volumes.create(block("data-2", 1 << 20));
    var _ =
        volumes.attach(
            data2.id(), new Attachment(NODE, AccessMode.MULTI_NODE_READER_ONLY, Access.READ_ONLY));
    Files.createDirectory(directory.resolve("volumes/lost"));
    Files.createDirectory(directory.resolve("volumes/broken"));
    Files.writeString(directory.resolve("volumes/broken/volume.json"), "{\"formatVersion\":99}");
  }

  @AfterEach
  void close() {
    pools.close();
  }

  private static NewVolume block(String name, long bytes) {
    return new NewVolume(
        name,
        new SizeRange(bytes, 0),
        true,
        Optional.empty(),
        Set.of(AccessMode.SINGLE_NODE_MULTI_WRITER),
        Optional.empty(),
        Allocation.THIN,
        DiskConflict.NODE,
        List.of(),
        List.of());
  }

  private CommandRun run(String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--pool";
    all[arguments.length + 1] = "default=" + directory;
    return CommandRun.of(all);
  }

  @Test
  void listShowsVolumesWithTheirHoldersAndOrphansWithTheReason() {
    CommandRun run = run("volume", "list");

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    List<String> lines = run.out().lines().toList();
    assertThat(lines.get(0)).matches("VOLUME +POOL +CONTENTS +SIZE +STATE +PUBLISHED TO");
    assertThat(lines.get(1)).matches("broken +default +- +- +orphan +-");
    assertThat(lines.get(2)).matches("data-1 +default +block +64 MiB +ready +-");
    assertThat(lines.get(3)).matches("data-2 +default +block +1 MiB +ready +worker-1 \\(ro\\)");
    assertThat(lines.get(4)).matches("lost +default +- +- +orphan +-");
    assertThat(run.out())
        .contains("orphan \"broken\" in pool \"default\"")
        .contains("formatVersion 99")
        .contains("orphan \"lost\" in pool \"default\": it has no record");
  }

  @Test
  void listIsForProgramsToo() throws Exception {
    JsonNode volumes = run("volume", "list", "-o", "json").json();

    assertThat(volumes).hasSize(4);
    assertThat(volumes.get(0).get("state").asText()).isEqualTo("orphan");
    assertThat(volumes.get(0).get("problem").asText()).contains("formatVersion 99");
    JsonNode volume = volumes.get(2);
    assertThat(volume.get("id").asText()).isEqualTo("data-2");
    assertThat(volume.get("pool").asText()).isEqualTo("default");
    assertThat(volume.get("contents").asText()).isEqualTo("block");
    assertThat(volume.get("state").asText()).isEqualTo("ready");
    assertThat(volume.get("capacityBytes").asLong()).isEqualTo(1 << 20);
    assertThat(volume.get("attachments").get(0).get("node").asText()).isEqualTo("worker-1");
    assertThat(volume.get("attachments").get(0).get("access").asText()).isEqualTo("READ_ONLY");
  }

  @Test
  void showTellsAllAboutOneVolume() {
    CommandRun run = run("volume", "show", "data-2");

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .containsPattern("(?m)^volume +data-2$")
        .containsPattern("(?m)^pool +default \\(local, " + directory + "\\)$")
        .containsPattern("(?m)^size +1 MiB \\(1048576 bytes, enforced\\)$")
        .containsPattern("(?m)^access modes +SINGLE_NODE_MULTI_WRITER$")
        .containsPattern("(?m)^path +" + directory + "/volumes/data-2/disk.img$")
        .containsPattern("(?m)^published to +worker-1, MULTI_NODE_READER_ONLY, read_only$");
  }

  @Test
  void showTellsWhereTheContentIsFromAndHowFastItMayBeUsed() {
    assertThat(run("volume", "show", "data-1").out()).doesNotContainPattern("(?m)^(source|limits)");
    var _ =
        volumes.modify(
            VolumeId.parse("data-1"),
            new IoLimits.Change(
                OptionalLong.of(100),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.of(8 << 20)));
    NewVolume clone = block("data-3", 64 << 20);
    volumes.create(clone.from(new VolumeSource.OfVolume(VolumeId.parse("data-1"))));

    assertThat(run("volume", "show", "data-1").out())
        .containsPattern("(?m)^limits +100 reads/s, 8 MiB/s written$");
    assertThat(run("volume", "show", "data-3").out())
        .containsPattern("(?m)^source +volume \"data-1\"$");
  }

  @Test
  void showIsForProgramsToo() throws Exception {
    JsonNode volume = run("volume", "show", "data-1", "-o", "json").json();

    assertThat(volume.get("id").asText()).isEqualTo("data-1");
    assertThat(volume.get("path").asText()).isEqualTo(directory + "/volumes/data-1/disk.img");
    assertThat(volume.get("attachments")).isEmpty();
  }

  @Test
  void showTellsWhyAnOrphanIsOne() {
    CommandRun run = run("volume", "show", "broken");

    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("orphan").contains("formatVersion 99");
  }

  @Test
  void showSaysThatThereIsNone() {
    CommandRun run = run("volume", "show", "nothing");

    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .isEqualToIgnoringNewLines("rockpool: no volume \"nothing\" in \"default\"");
  }

  @Test
  void showRefusesAPathForAnId() {
    CommandRun run = run("volume", "show", "../../etc");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("../../etc").contains("is not a volume id");
  }
}
