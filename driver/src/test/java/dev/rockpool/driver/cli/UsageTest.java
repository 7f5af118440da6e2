package dev.rockpool.driver.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the program says about itself, and to wrong flags. */
final class UsageTest {
  @TempDir private Path temporary;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "standalone",
        "pool",
        "pool init",
        "pool list",
        "volume",
        "volume list",
        "volume show",
        "snapshot",
        "snapshot list",
        "snapshot show",
        "selftest"
      })
  void everyCommandExplainsItself(String command) {
    CommandRun help = CommandRun.of((command + " --help").strip().split(" ", -1));

    assertThat(help.code()).isZero();
    assertThat(help.err()).isEmpty();
    assertThat(help.out()).startsWith("Usage: rockpool " + command).contains("--help");
  }

  @Test
  void helpOfTheProgramHasCommandsVariablesExitCodesAndAnExample() {
    assertThat(CommandRun.of("--help").out())
        .contains("standalone", "pool", "volume", "snapshot", "selftest")
        .contains("CSI_ENDPOINT", "ROCKPOOL_POOLS", "ROCKPOOL_HEAP")
        .contains("Exit codes:", "rockpool pool init --pool default=/var/lib/rockpool/default");
  }

  @Test
  void tellsItsVersion() {
    assertThat(CommandRun.of("--version").out()).startsWith("rockpool ");
  }

  @Test
  void wantsACommand() {
    CommandRun run = CommandRun.of();

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("subcommand").contains("Try 'rockpool --help'.");
  }

  @Test
  void namesAnUnknownFlag() {
    CommandRun run = CommandRun.of("standalone", "--endpiont", "unix:///run/csi.sock");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("--endpiont").contains("Try 'rockpool standalone --help'.");
  }

  @Test
  void namesTheFlagAndTheValueThatIsWrong() {
    assertWrong("--endpoint", "tcp://localhost:50051", "unix://");
    assertWrong("--endpoint", "unix:///run/csi", ".sock");
    assertWrong("--pool", "default", "name=/directory");
    assertWrong("--pool", "default=relative/path", "absolute");
    assertWrong("--pool", "default=/srv,limit=much", "much");
    assertWrong("--pool", "default=/srv,overcommit=0.5", "between 1 and 1000");
    assertWrong("--node-id", "a/b", "node id");
    assertWrong("--http", "localhost:9810", "ADDRESS:PORT");
    assertWrong("--max-volumes", "many", "int");
    assertWrong("--max-volumes", "-1", "negative");
    assertWrong("--copy-rate", "fast", "not a size");
    assertWrong("--copy-rate", "0", "nothing would ever be copied");
    assertWrong("--log-level", "loud", "ERROR");
  }

  private void assertWrong(String flag, String value, String why) {
    CommandRun run =
        CommandRun.of(
            Map.of(
                "ROCKPOOL_POOLS", "default=" + temporary,
                "CSI_ENDPOINT", "unix://" + temporary + "/csi.sock"),
            "standalone",
            flag,
            value);

    assertThat(run.code()).as("%s %s", flag, value).isEqualTo(2);
    assertThat(run.err()).contains(flag).contains(value).contains(why).doesNotContain("\tat ");
  }

  @Test
  void standaloneWantsAnEndpoint() {
    CommandRun run = CommandRun.of("standalone", "--pool", "default=" + temporary);

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--endpoint").contains("CSI_ENDPOINT");
  }

  @Test
  void standaloneNamesTheVariableThatIsWrong() {
    CommandRun run =
        CommandRun.of(
            Map.of("CSI_ENDPOINT", "/run/csi.sock"), "standalone", "--pool", "default=/srv");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("CSI_ENDPOINT").contains("/run/csi.sock").contains("unix://");
  }

  @Test
  void standaloneWantsAPool() {
    CommandRun run = CommandRun.of("standalone", "--endpoint", "unix:///run/csi.sock");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--pool").contains("ROCKPOOL_POOLS");
  }

  @Test
  void standaloneRefusesADirectoryThatIsNoPool() {
    CommandRun run =
        CommandRun.of(
            "standalone",
            "--pool",
            "default=" + temporary,
            "--endpoint",
            "unix://" + temporary + "/csi.sock",
            "--node-id",
            "test");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err())
        .isEqualToIgnoringNewLines(
            "rockpool: "
                + temporary
                + " is not a pool: it has no pool.json. If its filesystem is not mounted yet, mount"
                + " it; to make a new pool: rockpool pool init --pool default="
                + temporary);
    assertThat(temporary.resolve("csi.sock")).doesNotExist();
  }

  @Test
  void kubeletEndpointAloneIsAMistake() {
    CommandRun run =
        CommandRun.of(
            "standalone",
            "--pool",
            "default=/srv",
            "--endpoint",
            "unix:///run/csi.sock",
            "--kubelet-endpoint",
            "/var/lib/kubelet/plugins/csi.rockpool.dev/csi.sock");

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--kubelet-endpoint").contains("--kubelet-registration");
  }
}
