package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeRecord;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows one volume. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = "Shows all that the record of a volume says, and where the volume is.",
    footer = {
      "",
      "Examples:",
      "  rockpool volume show pvc-0a1b --pool default=/var/lib/rockpool/default",
      "  rockpool volume show pvc-0a1b -o json | jq .attachments"
    })
final class VolumeShowCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec command;

  @Parameters(paramLabel = "VOLUME", description = "The volume's id, as 'volume list' shows it.")
  private @Nullable VolumeId id;

  @Mixin private final PoolsOption pools;
  @Mixin private final OutputOption output = new OutputOption();

  VolumeShowCommand(Map<String, String> environment) {
    this.pools = new PoolsOption(environment);
  }

  @Override
  public Integer call() {
    Logging.use(Level.ERROR);
    PrintWriter out = requireNonNull(command).commandLine().getOut();
    PoolContents.Entry entry = find();
    if (output.json()) {
      OutputOption.print(out, VolumeJson.of(entry));
    } else {
      switch (entry) {
        case PoolContents.Known(Pool pool, VolumeRecord record) -> print(pool, record, out);
        case PoolContents.Orphan orphan -> {
          line(out, "volume", Printable.of(orphan.id()));
          line(out, "pool", orphan.pool().name());
          line(out, "state", VolumeJson.ORPHAN);
          line(out, "problem", orphan.problem());
        }
      }
    }
    return ExitCode.OK;
  }

  private PoolContents.Entry find() {
    VolumeId wanted = requireNonNull(id);
    for (PoolSpec spec : pools.specs()) {
      try (Pool pool = PoolsOption.look(spec)) {
        Optional<PoolContents.Entry> found = PoolContents.volume(pool, wanted);
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    throw StorageException.notFound(
        "no volume \""
            + wanted
            + "\" in "
            + pools.specs().stream()
                .map(spec -> "\"" + spec.name() + "\"")
                .collect(Collectors.joining(", ")));
  }

  private static void print(Pool pool, VolumeRecord record, PrintWriter out) {
    line(out, "volume", record.id());
    line(out, "name", Printable.of(record.name()));
    line(out, "pool", pool.name() + " (" + pool.kind().label() + ", " + pool.directory() + ")");
    line(out, "state", Labels.of(record.state()));
    line(out, "contents", Labels.of(record.contents()));
    line(
        out,
        "size",
        ByteSize.format(record.capacityBytes())
            + " ("
            + record.capacityBytes()
            + " bytes, "
            + (record.sizeEnforced() ? "enforced" : "not enforced")
            + ")");
    if (record.contents().image()) {
      line(out, "allocation", Labels.of(record.allocation()));
      line(out, "sector", record.sectorBytes() + " bytes");
    }
    line(out, "disk conflict", Labels.of(record.diskConflict()));
    if (!record.mkfsOptions().isEmpty()) {
      line(out, "mkfs options", String.join(" ", record.mkfsOptions()));
    }
    line(
        out,
        "access modes",
        record.modes().stream().map(Enum::name).sorted().collect(Collectors.joining(", ")));
    line(out, "created", record.createdAt());
    line(out, "path", VolumeJson.path(pool, record));
    if (record.attachments().isEmpty()) {
      line(out, "published to", "-");
    }
    record
        .attachments()
        .forEach(held ->
            line(
                out,
                "published to",
                held.node() + ", " + held.mode() + ", " + Labels.of(held.access())));
  }

  private static void line(PrintWriter out, String what, Object value) {
    out.printf("%-14s %s%n", what, value);
  }
}
