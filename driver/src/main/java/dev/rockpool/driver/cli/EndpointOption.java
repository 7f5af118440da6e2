package dev.rockpool.driver.cli;

import dev.rockpool.driver.socket.Endpoint;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The driver's socket: a flag, else the environment (CSI: Environment Variables). */
final class EndpointOption {
  private static final String VARIABLE = "CSI_ENDPOINT";

  private final Map<String, String> environment;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  @Option(
      names = "--endpoint",
      paramLabel = "unix:///PATH.sock",
      description = {"The driver's socket.", "Default: the environment variable " + VARIABLE + "."})
  private Optional<Endpoint> endpoint = Optional.empty();

  EndpointOption(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * @throws ParameterException if there is none, or the environment's is not one
   */
  Endpoint get() {
    if (endpoint.isPresent()) {
      return endpoint.get();
    }
    String variable = environment.getOrDefault(VARIABLE, "");
    if (variable.isEmpty()) {
      throw Wrong.usage(
          command,
          "no endpoint: give --endpoint, such as --endpoint unix:///run/rockpool/csi.sock, or set "
              + VARIABLE);
    }
    try {
      return Endpoint.parse(variable);
    } catch (IllegalArgumentException e) {
      throw Wrong.usage(command, VARIABLE + ": " + e.getMessage());
    }
  }
}
