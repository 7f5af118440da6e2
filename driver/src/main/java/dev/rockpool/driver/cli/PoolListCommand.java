package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.StorageException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows pools. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = {
      "Shows pools: what they are, how much they have promised, which nodes open them.",
      "",
      "Pools are only read, so this works beside a running driver. PROMISED is the sum of the volumes' sizes, whatever they use, and of what snapshots can come to take; AVAILABLE can still be promised."
    },
    footer = {
      "",
      "Examples:",
      "  rockpool pool list --pool default=/var/lib/rockpool/default",
      "  ROCKPOOL_POOLS='default=/srv/a fast=/srv/b' rockpool pool list -o json"
    })
final class PoolListCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec command;
  @Mixin private final PoolsOption pools;
  @Mixin private final OutputOption output = new OutputOption();

  PoolListCommand(Map<String, String> environment) {
    this.pools = new PoolsOption(environment);
  }

  private record Row(
      String name,
      String kind,
      String filesystem,
      String directory,
      String id,
      int volumes,
      int snapshots,
      long promisedBytes,
      long availableBytes,
      List<String> nodes) {
    static Row of(Pool pool) {
      return new Row(
          pool.name().value(),
          pool.kind().label(),
          pool.filesystem(),
          pool.directory().toString(),
          pool.record().id(),
          pool.count(),
          pool.snapshotCount(),
          pool.promisedBytes(),
          pool.availableBytes(),
          PoolContents.nodes(pool));
    }
  }

  @Override
  public Integer call() {
    Logging.use(Level.ERROR);
    PrintWriter err = requireNonNull(command).commandLine().getErr();
    PrintWriter out = command.commandLine().getOut();
    Table table =
        new Table(
            "name",
            "kind",
            "filesystem",
            "volumes",
            "snapshots",
            "promised",
            "available",
            "nodes",
            "directory");
    ArrayNode array = Json.MAPPER.createArrayNode();
    int code = ExitCode.OK;
    for (PoolSpec spec : pools.specs()) {
      try (Pool pool = PoolsOption.look(spec)) {
        Row row = Row.of(pool);
        array.addPOJO(row);
        table.row(
            row.name(),
            row.kind(),
            row.filesystem(),
            "" + row.volumes(),
            "" + row.snapshots(),
            ByteSize.format(row.promisedBytes()),
            ByteSize.format(row.availableBytes()),
            row.nodes().isEmpty() ? "-" : String.join(",", row.nodes()),
            row.directory());
      } catch (StorageException e) {
        err.println("rockpool: " + e.getMessage());
        code = Math.max(code, ExitCode.of(e));
      }
    }
    if (output.json()) {
      OutputOption.print(out, array);
    } else {
      table.print(out);
    }
    return code;
  }
}
