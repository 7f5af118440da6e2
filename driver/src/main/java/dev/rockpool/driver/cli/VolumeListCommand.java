package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.storage.Access;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeRecord;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows all volumes. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = {
      "Shows all volumes of pools, and what lies among them without being one.",
      "",
      "Pools are only read, so this works beside a running driver. PUBLISHED TO names the nodes that hold a volume: rw may write, ro may not."
    },
    footer = {
      "",
      "Examples:",
      "  rockpool volume list --pool default=/var/lib/rockpool/default",
      "  rockpool volume list -o json | jq -r '.[] | select(.state != \"ready\") | .id'"
    })
final class VolumeListCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec command;
  @Mixin private final PoolsOption pools;
  @Mixin private final OutputOption output = new OutputOption();

  VolumeListCommand(Map<String, String> environment) {
    this.pools = new PoolsOption(environment);
  }

  @Override
  public Integer call() {
    Logging.use(Level.ERROR);
    PrintWriter err = requireNonNull(command).commandLine().getErr();
    List<PoolContents.Entry> entries = new ArrayList<>();
    int code = ExitCode.OK;
    for (PoolSpec spec : pools.specs()) {
      try (Pool pool = PoolsOption.look(spec)) {
        entries.addAll(PoolContents.volumes(pool));
      } catch (StorageException e) {
        err.println("rockpool: " + e.getMessage());
        code = Math.max(code, ExitCode.of(e));
      }
    }
    PrintWriter out = command.commandLine().getOut();
    if (output.json()) {
      ArrayNode array = Json.MAPPER.createArrayNode();
      entries.forEach(entry -> array.add(VolumeJson.of(entry)));
      OutputOption.print(out, array);
    } else {
      print(entries, out);
    }
    return code;
  }

  private static void print(List<PoolContents.Entry> entries, PrintWriter out) {
    Table table = new Table("volume", "pool", "contents", "size", "state", "published to");
    List<PoolContents.Orphan> orphans = new ArrayList<>();
    for (PoolContents.Entry entry : entries) {
      String pool = entry.pool().name().value();
      switch (entry) {
        case PoolContents.Known(Pool _, VolumeRecord record) ->
            table.row(
                Printable.of(entry.id()),
                pool,
                Labels.of(record.contents()),
                ByteSize.format(record.capacityBytes()),
                Labels.of(record.state()),
                holders(record));
        case PoolContents.Orphan orphan -> {
          table.row(Printable.of(entry.id()), pool, "-", "-", VolumeJson.ORPHAN, "-");
          orphans.add(orphan);
        }
      }
    }
    table.print(out);
    for (PoolContents.Orphan orphan : orphans) {
      out.printf(
          "%norphan \"%s\" in pool \"%s\": %s%n",
          Printable.of(orphan.id()), orphan.pool().name(), orphan.problem());
    }
  }

  private static String holders(VolumeRecord record) {
    return record.attachments().isEmpty()
        ? "-"
        : record.attachments().stream()
            .map(VolumeListCommand::holder)
            .collect(Collectors.joining(", "));
  }

  private static String holder(Attachment held) {
    return held.node() + (held.access() == Access.READ_ONLY ? " (ro)" : " (rw)");
  }
}
