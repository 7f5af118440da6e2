package dev.rockpool.storage.host;

import dev.rockpool.storage.StorageException;

/** Runs host commands, and makes system calls in the place of some. */
public interface Host {
  /**
   * Runs the command to its end.
   *
   * @return what it wrote to its standard output, at most 1 MiB
   * @throws CommandException if it exits with anything but 0, or is killed at its limit; the
   *     message has the command and what it wrote to its standard error
   * @throws PendingException if it was killed, but the kernel does not let it end
   */
  String run(Command command);

  /**
   * Makes the calls.
   *
   * @throws StorageException if they fail; its cause is a {@link KernelException} where the kernel
   *     had a reason
   * @throws PendingException if they have not ended within their limit
   */
  default void call(SystemCall call) {
    call.make();
  }
}
