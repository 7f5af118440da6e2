package dev.rockpool.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rockpool.driver.TestPools;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PoolCommandsTest {
  @TempDir private Path temporary;

  @Test
  void initMakesAPoolAndSaysWhichOne() throws Exception {
    Path directory = temporary.resolve("new");

    CommandRun run =
        CommandRun.of("pool", "init", "--pool", "team=" + directory, "--kind", "shared");

    assertThat(run.code()).isZero();
    assertThat(run.out()).startsWith(directory + " is the shared pool \"team\", id ");
    assertThat(Files.readString(directory.resolve("pool.json"))).contains("\"shared\"");
  }

  @Test
  void initAgainChangesNothing() throws Exception {
    CommandRun first = CommandRun.of("pool", "init", "--pool", "team=" + temporary.resolve("a"));
    CommandRun second = CommandRun.of("pool", "init", "--pool", "team=" + temporary.resolve("a"));

    assertThat(second).isEqualTo(first);
  }

  @Test
  void initRefusesADirectoryThatHoldsSomethingElse() throws IOException {
    Files.createFile(temporary.resolve("letter.txt"));

    CommandRun run = CommandRun.of("pool", "init", "--pool", "team=" + temporary);

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("is not empty").contains("letter.txt");
    assertThat(temporary.resolve("pool.json")).doesNotExist();
  }

  @Test
  void initRefusesWhatIsAnotherPool() {
    TestPools.local("fast", temporary.resolve("a"));

    CommandRun run = CommandRun.of("pool", "init", "--pool", "team=" + temporary.resolve("a"));

    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("\"fast\"");
  }

  @Test
  void initTakesNoLimit() {
    CommandRun run = CommandRun.of("pool", "init", "--pool", "team=/srv/team,limit=1Gi");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--pool").contains("limit");
  }

  @Test
  void listShowsPoolsInATable() {
    TestPools.local("fast", temporary.resolve("a"));
    TestPools.local("slow", temporary.resolve("b"));

    CommandRun run =
        CommandRun.of(
            "pool",
            "list",
            "--pool",
            "fast=" + temporary.resolve("a"),
            "--pool",
            "slow=" + temporary.resolve("b"));

    assertThat(run.code()).isZero();
    List<String> lines = run.out().lines().toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.getFirst())
        .matches(
            "NAME +KIND +FILESYSTEM +VOLUMES +SNAPSHOTS +PROMISED +AVAILABLE +NODES +DIRECTORY");
    assertThat(lines.get(1)).matches("fast +local +\\S+ +0 +0 +0 B +.*iB +- +" + temporary + "/a");
    int kind = lines.getFirst().indexOf("KIND");
    assertThat(lines.subList(1, 3))
        .allSatisfy(line -> assertThat(line.substring(kind)).startsWith("local"));
  }

  @Test
  void listIsForProgramsTooAndTakesPoolsFromTheEnvironment() throws Exception {
    TestPools.local("fast", temporary.resolve("a"));
    TestPools.local("slow", temporary.resolve("b"));

    JsonNode pools =
        CommandRun.of(
                Map.of(
                    "ROCKPOOL_POOLS",
                    "fast=" + temporary + "/a,limit=10Mi;  slow=" + temporary + "/b"),
                "pool",
                "list",
                "-o",
                "json")
            .json();

    assertThat(pools).hasSize(2);
    assertThat(pools.get(0).properties())
        .extracting(Map.Entry::getKey)
        .containsExactly(
            "name",
            "kind",
            "filesystem",
            "directory",
            "id",
            "volumes",
            "snapshots",
            "promisedBytes",
            "availableBytes",
            "nodes");
    assertThat(pools.get(0).get("availableBytes").asLong()).isEqualTo(10 << 20);
    assertThat(pools.get(1).get("name").asText()).isEqualTo("slow");
  }

  @Test
  void listWorksBesideADriverAndNamesItsNode() throws Exception {
    var spec = TestPools.local("fast", temporary.resolve("a"));
    try (Pools open = Pools.open(List.of(spec), NodeId.parse("worker-1"), 0)) {
      assertThat(open.all()).hasSize(1);

      JsonNode pools =
          CommandRun.of("pool", "list", "--pool", "fast=" + temporary + "/a", "-o", "json").json();

      assertThat(pools.get(0).get("nodes").get(0).asText()).isEqualTo("worker-1");
    }
  }

  @Test
  void listShowsTheOthersWhenOneCannotBeRead() {
    TestPools.local("fast", temporary.resolve("a"));

    CommandRun run =
        CommandRun.of(
            "pool", "list", "--pool", "gone=/nowhere", "--pool", "fast=" + temporary + "/a");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.out()).contains("fast");
    assertThat(run.err()).contains("/nowhere is not a pool");
  }
}
