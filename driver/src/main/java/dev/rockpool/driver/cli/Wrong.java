package dev.rockpool.driver.cli;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Complaints about what picocli does not check. */
final class Wrong {
  private Wrong() {}

  /**
   * @param command whose help may help; picocli has set it
   */
  static ParameterException usage(@Nullable CommandSpec command, String message) {
    return new ParameterException(requireNonNull(command).commandLine(), message);
  }
}
