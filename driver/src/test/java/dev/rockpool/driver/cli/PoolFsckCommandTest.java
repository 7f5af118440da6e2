package dev.rockpool.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rockpool.driver.TestPools;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a check is asked for and told; what it finds is tested where it is found. */
final class PoolFsckCommandTest {
  private static final String LOST = "volumes/lost: data-without-record";

  @TempDir private Path temporary;
  private Path directory;

  @BeforeEach
  void makeAPool() {
    directory = temporary.resolve("pool").toAbsolutePath();
    TestPools.local("default", directory);
  }

  private CommandRun fsck(String... arguments) {
    String[] all = new String[arguments.length + 4];
    System.arraycopy(new String[] {"pool", "fsck", "--pool", "default=" + directory}, 0, all, 0, 4);
    System.arraycopy(arguments, 0, all, 4, arguments.length);
    return CommandRun.of(all);
  }

  private Path loseARecord() throws IOException {
    Path lost = Files.createDirectory(directory.resolve("volumes/lost"), ofOwner("rwx------"));
    Files.createFile(lost.resolve("disk.img"), ofOwner("rw-------"));
    return lost;
  }

  private static java.nio.file.attribute.FileAttribute<?> ofOwner(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }

  private Path leaveATemporaryFile() throws IOException {
    return Files.createFile(directory.resolve("pool.json.tmp"), ofOwner("rw-------"));
  }

  @Test
  void aPoolWithNothingWrongGives0() {
    CommandRun run = fsck();

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .isEqualToIgnoringNewLines(
            "pool \"default\": 0 volumes, 0 snapshots, 0 groups; 0 findings, 0 mended");
  }

  @Test
  void aFindingGives1AndASentenceWithWhatToDo() throws IOException {
    loseARecord();

    CommandRun run = fsck();

    assertThat(run.code()).isEqualTo(1);
    List<String> lines = run.out().lines().toList();
    assertThat(lines.get(0)).isEqualTo("error    " + LOST);
    assertThat(lines.get(1)).contains("volumes/lost holds data, and no record");
    assertThat(lines.get(2)).contains("do: restore").contains("--delete '" + LOST + "'");
    assertThat(lines.getLast()).endsWith("1 findings, 0 mended");
  }

  @Test
  void nothingIsChangedUnlessItIsAskedFor() throws IOException {
    Path temporaryFile = leaveATemporaryFile();

    assertThat(fsck().code()).isEqualTo(1);
    assertThat(temporaryFile).exists();
    assertThat(directory.resolve("nodes")).isEmptyDirectory();
    assertThat(directory.resolve("pool.lock")).doesNotExist();
  }

  @Test
  void whatIsRepairedIsToldAndGives0() throws IOException {
    Path temporaryFile = leaveATemporaryFile();

    CommandRun run = fsck("--repair");

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains("mended   pool.json.tmp: temporary-file")
        .contains("removed " + temporaryFile)
        .contains("0 findings, 1 mended");
    assertThat(temporaryFile).doesNotExist();
  }

  @Test
  void dataGoesOnlyWhenItIsNamed() throws IOException {
    Path lost = loseARecord();

    assertThat(fsck("--repair").code()).isEqualTo(1);
    assertThat(lost).exists();
    CommandRun run = fsck("--delete", LOST);

    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("mended   " + LOST).contains("gave up volume \"lost\"");
    assertThat(lost).doesNotExist();
  }

  @Test
  void aFindingThatIsNotThereGives2AndChangesNothing() throws IOException {
    Path temporaryFile = leaveATemporaryFile();

    CommandRun run = fsck("--repair", "--delete", LOST);

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("there is no finding \"" + LOST + "\"");
    assertThat(temporaryFile).exists();
  }

  @Test
  void aDeletionNeedsOnePool() {
    TestPools.local("fast", temporary.resolve("fast"));

    CommandRun run = fsck("--pool", "fast=" + temporary.resolve("fast"), "--delete", LOST);

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("name the one pool");
  }

  @Test
  void aPoolThatCantBeCheckedGives2AndOthersAreChecked() throws IOException {
    CommandRun missing = fsck("--pool", "fast=" + temporary.resolve("fast"));

    assertThat(missing.code()).isEqualTo(2);
    assertThat(missing.err()).contains("is not a pool");
    assertThat(missing.out()).contains("pool \"default\": 0 volumes");

    Files.writeString(directory.resolve("pool.json"), "{");
    assertThat(fsck().code()).isEqualTo(2);
    assertThat(fsck().err()).contains("pool.json");
  }

  @Test
  void jsonHasAllOfIt() throws Exception {
    loseARecord();
    leaveATemporaryFile();

    CommandRun run = fsck("--repair", "-o", "json", "--pool", "fast=/nowhere");

    assertThat(run.code()).isEqualTo(2);
    JsonNode pool = run.json().get(0);
    assertThat(pool.get("pool").asText()).isEqualTo("default");
    assertThat(pool.get("directory").asText()).isEqualTo(directory.toString());
    assertThat(pool.get("checked").asBoolean()).isTrue();
    assertThat(pool.get("inUse").asBoolean()).isFalse();
    assertThat(pool.get("volumes").asInt()).isZero();
    assertThat(pool.get("findings")).hasSize(1);
    JsonNode finding = pool.get("findings").get(0);
    assertThat(finding.get("id").asText()).isEqualTo(LOST);
    assertThat(finding.get("kind").asText()).isEqualTo("data-without-record");
    assertThat(finding.get("severity").asText()).isEqualTo("error");
    assertThat(finding.get("place").asText()).isEqualTo("volumes/lost");
    assertThat(finding.get("problem").asText()).contains("holds data");
    assertThat(finding.get("remedy").asText()).contains("restore");
    assertThat(finding.get("repairable").asBoolean()).isFalse();
    assertThat(finding.get("deletable").asBoolean()).isTrue();
    JsonNode mended = pool.get("mended").get(0);
    assertThat(mended.get("id").asText()).isEqualTo("pool.json.tmp: temporary-file");
    assertThat(mended.get("done").asText()).startsWith("removed ");
    JsonNode failed = run.json().get(1);
    assertThat(failed.get("checked").asBoolean()).isFalse();
    assertThat(failed.get("problem").asText()).contains("is not a pool");
  }

  @Test
  void aDriverMayHaveThePoolOpen() {
    try (Pools _ =
        Pools.open(List.of(TestPools.spec("default", directory)), NodeId.parse("node"), 0)) {
      CommandRun run = fsck();

      assertThat(run.code()).isZero();
      assertThat(run.out()).contains("; a driver has it open");
    }
  }
}
