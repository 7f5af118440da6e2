package dev.rockpool.driver.cli;

import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.StorageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The pools that a command works on: flags, else the environment. */
final class PoolsOption {
  private static final String VARIABLE = "ROCKPOOL_POOLS";

  private final Map<String, String> environment;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  @Option(
      names = "--pool",
      paramLabel = "NAME=/DIR[,...]",
      description = {
        "A pool: its name and its directory; and how much it may promise, as limit=SIZE, such as 100Gi, or overcommit=FACTOR, such as 1.5. May be repeated.",
        "Default: the environment variable " + VARIABLE + "."
      })
  private List<PoolSpec> pools = new ArrayList<>();

  PoolsOption(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * What was named, at least one.
   *
   * @throws ParameterException if there is none, or the environment's can't be read
   */
  List<PoolSpec> specs() {
    if (!pools.isEmpty()) {
      return List.copyOf(pools);
    }
    String variable = environment.getOrDefault(VARIABLE, "");
    try {
      List<PoolSpec> named =
          Arrays.stream(variable.split("[\\s;]+", -1))
              .filter(text -> !text.isEmpty())
              .map(PoolSpec::parse)
              .toList();
      if (named.isEmpty()) {
        throw wrong("no pool: give --pool name=/directory, or set " + VARIABLE);
      }
      return named;
    } catch (StorageException e) {
      throw wrong(VARIABLE + ": " + e.getMessage());
    }
  }

  /** Opens a pool only to read it; a driver may have it open. */
  static Pool look(PoolSpec spec) {
    return Pool.look(spec, Hostname.asNodeId());
  }

  private ParameterException wrong(String message) {
    return Wrong.usage(command, message);
  }
}
