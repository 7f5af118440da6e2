package dev.rockpool.driver.cli;

import dev.rockpool.driver.observe.HttpAddress;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolName;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/**
 * The command line of {@code rockpool}: what was asked for on standard output, all else on error.
 */
public final class Cli {
  private static final Logger log = LoggerFactory.getLogger(Cli.class);

  private final CommandLine commands;

  /**
   * @param environment the environment variables
   */
  public Cli(Map<String, String> environment, PrintWriter out, PrintWriter err) {
    this.commands =
        new CommandLine(new RockpoolCommand())
            .addSubcommand(new StandaloneCommand(environment))
            .addSubcommand(
                new CommandLine(new PoolCommand())
                    .addSubcommand(new PoolInitCommand())
                    .addSubcommand(new PoolListCommand(environment))
                    .addSubcommand(new PoolFsckCommand(environment))
                    .addSubcommand(new PoolImportCommand(environment)))
            .addSubcommand(
                new CommandLine(new VolumeCommand())
                    .addSubcommand(new VolumeListCommand(environment))
                    .addSubcommand(new VolumeShowCommand(environment)))
            .addSubcommand(
                new CommandLine(new SnapshotCommand())
                    .addSubcommand(new SnapshotListCommand(environment))
                    .addSubcommand(new SnapshotShowCommand(environment)))
            .addSubcommand(new SelftestCommand(environment));
    commands
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .registerConverter(PoolSpec.class, converter(PoolSpec::parse))
        .registerConverter(PoolName.class, converter(PoolName::parse))
        .registerConverter(NodeId.class, converter(NodeId::parse))
        .registerConverter(VolumeId.class, converter(VolumeId::parse))
        .registerConverter(SnapshotId.class, converter(SnapshotId::parse))
        .registerConverter(Endpoint.class, converter(Endpoint::parse))
        .registerConverter(InetSocketAddress.class, converter(HttpAddress::parse))
        .registerConverter(Path.class, converter(Cli::absolute))
        .setParameterExceptionHandler(Cli::wrongUsage)
        .setExecutionExceptionHandler(Cli::failure);
  }

  /**
   * Runs one command.
   *
   * @return the {@linkplain ExitCode exit code}
   */
  public int run(List<String> arguments) {
    return commands.execute(arguments.toArray(String[]::new));
  }

  private static <T> ITypeConverter<T> converter(Function<String, T> parse) {
    return text -> {
      try {
        return parse.apply(text);
      } catch (StorageException | IllegalArgumentException e) {
        String message = String.valueOf(e.getMessage());
        throw new TypeConversionException(
            message.contains(text) ? message : "'" + text + "': " + message);
      }
    };
  }

  private static Path absolute(String text) {
    Path path = Path.of(text);
    if (text.isEmpty()) {
      throw new IllegalArgumentException("the path is empty");
    }
    return path.toAbsolutePath().normalize();
  }

  private static int wrongUsage(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    complain(command, e.getMessage());
    command.getErr().printf("Try '%s --help'.%n", command.getCommandSpec().qualifiedName());
    return ExitCode.USAGE;
  }

  private static int failure(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
    switch (e) {
      case StorageException refused -> {
        complain(command, refused.getMessage());
        return ExitCode.of(refused);
      }
      case IOException failed -> complain(command, failed.getMessage());
      default -> {
        complain(command, "a defect, please report it: " + e);
        log.error("a defect", e);
      }
    }
    return ExitCode.FAILED;
  }

  private static void complain(CommandLine command, @Nullable String message) {
    command.getErr().println("rockpool: " + message);
  }
}
