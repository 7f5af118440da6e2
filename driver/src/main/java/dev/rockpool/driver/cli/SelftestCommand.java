package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.driver.process.Termination;
import dev.rockpool.driver.selftest.Selftest;
import dev.rockpool.driver.selftest.SelftestConfig;
import dev.rockpool.driver.selftest.StepResult;
import dev.rockpool.driver.selftest.Summary;
import dev.rockpool.driver.selftest.TablePrinter;
import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.storage.Contents;
import java.io.Console;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tries a running driver out. */
@Command(
    name = "selftest",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    sortOptions = false,
    optionListHeading = "%n",
    description = {
      "Walks one volume of each kind through its life, as a client of a running driver: create, publish, write and read back, refuse a second node, snapshot, restore, clone, group, limit, expand, read only, delete. Takes away what it made, also after a failure or Ctrl-C.",
      "",
      "Runs as root on the driver's machine and in its mount namespace, since it writes through the mounts."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:every step worked that could be tried",
      " 1:a step failed, or it was interrupted",
      " 2:a flag or a variable is wrong"
    },
    footer = {
      "",
      "Examples:",
      "  rockpool selftest --endpoint unix:///run/rockpool/csi.sock --work-dir /tmp/selftest",
      "  rockpool selftest --endpoint unix:///run/a/csi.sock \\",
      "      --second-endpoint unix:///run/b/csi.sock --work-dir /tmp/selftest \\",
      "      --contents ext4,xfs --parameter pool=fast"
    })
final class SelftestCommand implements Callable<Integer> {
  private final boolean plain;

  @Spec private @Nullable CommandSpec command;
  @Mixin private final EndpointOption endpoint;

  @Option(
      names = "--second-endpoint",
      paramLabel = "unix:///PATH.sock",
      description =
          "A driver that is another node of the same shared pool, to be refused what the first one holds (default: none, and these steps are skipped).")
  private Optional<Endpoint> second = Optional.empty();

  @Option(
      names = "--work-dir",
      required = true,
      paramLabel = "DIR",
      description = "Where volumes are mounted; made if it is missing.")
  private @Nullable Path workDirectory;

  @Option(
      names = "--contents",
      split = ",",
      paramLabel = "KIND",
      description =
          "Kinds of volume: block, ext4, xfs, btrfs, directory, with commas between (default: all).")
  private List<Contents> contents = List.of(Contents.values());

  @Option(
      names = "--parameter",
      paramLabel = "KEY=VALUE",
      description = "A parameter of the volumes, as in a StorageClass. May be repeated.")
  private Map<String, String> parameters = new TreeMap<>();

  @Mixin private final OutputOption output = new OutputOption();

  SelftestCommand(Map<String, String> environment) {
    this.endpoint = new EndpointOption(environment);
    this.plain = environment.containsKey("NO_COLOR");
  }

  @Override
  public Integer call() throws Exception {
    Logging.use(Level.WARN);
    PrintWriter out = requireNonNull(command).commandLine().getOut();
    List<StepResult> steps = new ArrayList<>();
    TablePrinter table = new TablePrinter(out, !plain && onTerminal());
    Consumer<StepResult> results = output.json() ? steps::add : table.andThen(steps::add);
    Selftest selftest =
        new Selftest(
            new SelftestConfig(
                endpoint.get(), second, requireNonNull(workDirectory), contents, parameters),
            results);
    return Termination.guard(
        () -> {
          long begin = System.nanoTime();
          selftest.run();
          Summary summary = Summary.of(steps, (System.nanoTime() - begin) / 1_000_000);
          if (output.json()) {
            OutputOption.print(out, summary);
          } else {
            table.total(summary);
          }
          out.flush();
          return summary.failed() == 0 && !selftest.cancelled() ? ExitCode.OK : ExitCode.FAILED;
        },
        selftest::cancel);
  }

  @SuppressWarnings("SystemConsoleNull") // since Java 25 it does again, where there is no terminal
  private static boolean onTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }
}
