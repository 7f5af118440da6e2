package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows one of what a part of pools holds. */
abstract class ShowCommand<R> implements Callable<Integer> {
  private final PoolPart<R> part;

  @Spec private @Nullable CommandSpec command;
  @Mixin private final PoolsOption pools;
  @Mixin private final OutputOption output = new OutputOption();

  ShowCommand(PoolPart<R> part, Map<String, String> environment) {
    this.part = part;
    this.pools = new PoolsOption(environment);
  }

  /** Which one. */
  abstract String id();

  @Override
  public final Integer call() {
    Logging.use(Level.ERROR);
    PrintWriter out = requireNonNull(command).commandLine().getOut();
    PoolContents.Entry<R> entry = find();
    if (output.json()) {
      OutputOption.print(out, PoolContents.json(part, entry));
    } else {
      print(entry, new Details(out));
    }
    return ExitCode.OK;
  }

  private PoolContents.Entry<R> find() {
    for (PoolSpec spec : pools.specs()) {
      try (Pool pool = PoolsOption.look(spec)) {
        Optional<PoolContents.Entry<R>> found = PoolContents.one(pool, part, id());
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    throw StorageException.notFound(
        "no "
            + part.noun()
            + " \""
            + id()
            + "\" in "
            + pools.specs().stream()
                .map(spec -> "\"" + spec.name() + "\"")
                .collect(Collectors.joining(", ")));
  }

  private void print(PoolContents.Entry<R> entry, Details details) {
    details.line(part.noun(), Printable.of(entry.id()));
    switch (entry) {
      case PoolContents.Known<R>(Pool pool, String _, R record) -> {
        details.line(
            "pool", pool.name() + " (" + pool.kind().label() + ", " + pool.directory() + ")");
        part.describe(pool, record, details);
        details.line("path", part.path(pool, record));
      }
      case PoolContents.Orphan<R> orphan -> {
        details.line("pool", orphan.pool().name());
        details.line("state", PoolContents.ORPHAN);
        details.line("problem", orphan.problem());
      }
    }
  }
}
