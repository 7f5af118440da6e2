package dev.rockpool.storage.host;

/** Runs host commands. */
public interface Host {
  /**
   * Runs the command to its end.
   *
   * @return what it wrote to its standard output, at most 1 MiB
   * @throws CommandException if it exits with anything but 0, or is killed at its limit; the
   *     message has the command and what it wrote to its standard error
   */
  String run(Command command);
}
