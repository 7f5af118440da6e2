package dev.rockpool.storage.host;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A host command: a program and its arguments, never a line for a shell.
 *
 * @param arguments the program first
 * @param limit after which it is killed
 * @param directory in which it runs
 */
public record Command(List<Argument> arguments, Duration limit, Path directory) {
  private static final Path ROOT = Path.of("/");
  private static final Duration LIMIT = Duration.ofMinutes(1);

  /**
   * One argument.
   *
   * @param text what the program gets
   * @param hidden whether it stays out of messages and logs: mount flags may hold secrets
   */
  public record Argument(String text, boolean hidden) {}

  public Command {
    arguments = List.copyOf(arguments);
  }

  public static Command of(String... arguments) {
    return of(List.of(arguments));
  }

  public static Command of(List<String> arguments) {
    return new Command(
        arguments.stream().map(text -> new Argument(text, false)).toList(), LIMIT, ROOT);
  }

  public Command with(String... more) {
    return with(false, more);
  }

  public Command withHidden(String argument) {
    return with(true, argument);
  }

  public Command within(Duration newLimit) {
    return new Command(arguments, newLimit, directory);
  }

  public Command in(Path newDirectory) {
    return new Command(arguments, limit, newDirectory);
  }

  public String program() {
    return arguments.getFirst().text();
  }

  private Command with(boolean hidden, String... more) {
    List<Argument> all = new ArrayList<>(arguments);
    for (String text : more) {
      all.add(new Argument(text, hidden));
    }
    return new Command(all, limit, directory);
  }

  /** The command as a person may see it. */
  @Override
  public String toString() {
    return arguments.stream()
        .map(argument -> argument.hidden() ? "***" : argument.text())
        .collect(Collectors.joining(" "));
  }
}
