package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.PoolCheck;
import dev.rockpool.storage.PoolReport;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.host.ExecHost;
import java.io.PrintWriter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Checks pools. */
@Command(
    name = "fsck",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = {
      "Checks everything in pools, and tells each finding with what to do.",
      "",
      "It works beside a running driver: calls that are under way are no findings. Without --repair and --delete nothing is changed. The filesystems in volumes are not looked into. Name all pools that groups of snapshots span."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:nothing is wrong, or all of it was mended",
      " 1:there are findings",
      " 2:a pool could not be checked, or a flag is wrong"
    },
    footer = {
      "",
      "Examples:",
      "  rockpool pool fsck --pool default=/var/lib/rockpool/default",
      "  rockpool pool fsck --pool default=/srv/a --repair",
      "  rockpool pool fsck --pool default=/srv/a --delete 'volumes/old: data-without-record'"
    })
final class PoolFsckCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec command;
  @Mixin private final PoolsOption pools;
  @Mixin private final OutputOption output = new OutputOption();

  @Option(
      names = "--repair",
      description =
          "Mend what can be mended without any loss: leftovers, permissions, owners, deletions that were cut short.")
  private boolean repair;

  @Option(
      names = "--delete",
      paramLabel = "FINDING",
      description =
          "Give up what this finding is about, with all its data, unless it is in use. May be repeated; needs one --pool.")
  private List<String> deletions = List.of();

  PoolFsckCommand(Map<String, String> environment) {
    this.pools = new PoolsOption(environment);
  }

  @Override
  public Integer call() {
    Logging.use(Level.ERROR);
    List<PoolSpec> specs = pools.specs();
    if (!deletions.isEmpty() && specs.size() > 1) {
      throw Wrong.usage(command, "--delete: name the one pool that the finding is in");
    }
    PoolCheck check = new PoolCheck(specs, new ExecHost((_, _, _) -> {}), PoolCheck.PAUSE);
    PrintWriter out = requireNonNull(command).commandLine().getOut();
    PrintWriter err = command.commandLine().getErr();
    ArrayNode array = Json.MAPPER.createArrayNode();
    int code = ExitCode.OK;
    for (PoolSpec spec : specs) {
      try {
        PoolReport report = check(check, spec);
        if (output.json()) {
          array.add(FsckOutput.json(report));
        } else {
          FsckOutput.print(report, out);
        }
        code = Math.max(code, report.left().isEmpty() ? ExitCode.OK : ExitCode.FAILED);
      } catch (StorageException e) {
        err.println("rockpool: " + e.getMessage());
        array.add(FsckOutput.failure(spec, e));
        code = ExitCode.USAGE;
      }
    }
    if (output.json()) {
      OutputOption.print(out, array);
    }
    return code;
  }

  private PoolReport check(PoolCheck check, PoolSpec spec) {
    Set<String> giveUp = new LinkedHashSet<>(deletions);
    if (repair) {
      return check.repair(spec, giveUp);
    }
    return giveUp.isEmpty() ? check.check(spec) : check.delete(spec, giveUp);
  }
}
