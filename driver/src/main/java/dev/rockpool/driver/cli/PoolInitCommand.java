package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolRecord;
import dev.rockpool.storage.PoolSpec;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes a pool. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    description = {
      "Makes a directory a pool.",
      "",
      "The directory is made if it is missing, and must be empty otherwise. One that is this very pool already stays as it is."
    },
    footer = {
      "",
      "Examples:",
      "  rockpool pool init --pool default=/var/lib/rockpool/default",
      "  rockpool pool init --pool team=/mnt/cephfs/rockpool --kind shared"
    })
final class PoolInitCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec command;

  @Option(
      names = "--pool",
      required = true,
      paramLabel = "NAME=/DIR",
      description = "The pool's name, which StorageClasses give, and its directory.")
  private @Nullable PoolSpec pool;

  @Option(
      names = "--kind",
      paramLabel = "local|shared",
      description = "Whether one node or several have its filesystem (default: local).")
  private PoolKind kind = PoolKind.LOCAL;

  @Override
  public Integer call() {
    PoolSpec spec = requireNonNull(pool);
    if (spec.limitBytes() != Long.MAX_VALUE || spec.overcommit() != 1) {
      throw Wrong.usage(
          command,
          "--pool: limit and overcommit are given where the pool is used, not where it is made");
    }
    PoolRecord made = PoolDirectory.init(spec.name(), spec.directory(), kind);
    requireNonNull(command)
        .commandLine()
        .getOut()
        .printf(
            "%s is the %s pool \"%s\", id %s%n",
            spec.directory(), made.kind().label(), made.name(), made.id());
    return ExitCode.OK;
  }
}
