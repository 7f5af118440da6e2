package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows all that a part of pools holds, and what lies there without being one of them. */
abstract class ListCommand<R> implements Callable<Integer> {
  private final PoolPart<R> part;

  @Spec private @Nullable CommandSpec command;
  @Mixin private final PoolsOption pools;
  @Mixin private final OutputOption output = new OutputOption();

  ListCommand(PoolPart<R> part, Map<String, String> environment) {
    this.part = part;
    this.pools = new PoolsOption(environment);
  }

  @Override
  public final Integer call() {
    Logging.use(Level.ERROR);
    PrintWriter err = requireNonNull(command).commandLine().getErr();
    List<PoolContents.Entry<R>> entries = new ArrayList<>();
    int code = ExitCode.OK;
    for (PoolSpec spec : pools.specs()) {
      try (Pool pool = PoolsOption.look(spec)) {
        entries.addAll(PoolContents.all(pool, part));
      } catch (StorageException e) {
        err.println("rockpool: " + e.getMessage());
        code = Math.max(code, ExitCode.of(e));
      }
    }
    PrintWriter out = command.commandLine().getOut();
    if (output.json()) {
      ArrayNode array = Json.MAPPER.createArrayNode();
      entries.forEach(entry -> array.add(PoolContents.json(part, entry)));
      OutputOption.print(out, array);
    } else {
      print(entries, out);
    }
    return code;
  }

  private void print(List<PoolContents.Entry<R>> entries, PrintWriter out) {
    Table table = new Table(row(part.noun(), "pool", part.columns()));
    List<PoolContents.Orphan<R>> orphans = new ArrayList<>();
    for (PoolContents.Entry<R> entry : entries) {
      table.row(row(Printable.of(entry.id()), entry.pool().name().value(), cells(entry)));
      if (entry instanceof PoolContents.Orphan<R> orphan) {
        orphans.add(orphan);
      }
    }
    table.print(out);
    for (PoolContents.Orphan<R> orphan : orphans) {
      out.printf(
          "%norphan \"%s\" in pool \"%s\": %s%n",
          Printable.of(orphan.id()), orphan.pool().name(), orphan.problem());
    }
  }

  private List<String> cells(PoolContents.Entry<R> entry) {
    return switch (entry) {
      case PoolContents.Known<R> known -> part.cells(known.record());
      case PoolContents.Orphan<R> _ -> {
        List<String> blank = new ArrayList<>(Collections.nCopies(part.columns().size(), "-"));
        blank.set(part.columns().indexOf("state"), PoolContents.ORPHAN);
        yield blank;
      }
    };
  }

  private static String[] row(String id, String pool, List<String> more) {
    List<String> cells = new ArrayList<>(List.of(id, pool));
    cells.addAll(more);
    return cells.toArray(String[]::new);
  }
}
