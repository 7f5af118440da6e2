package dev.rockpool.storage.host;

import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Makes system calls that may hang, in a thread of their own. Such a call can't be killed: at its
 * limit the caller goes on without it, and the thread ends when the kernel lets go of it.
 */
public final class Deadline {
  private Deadline() {}

  /** What is to be done. */
  public interface Action {
    void run() throws IOException;
  }

  /**
   * Does it, and waits for it as long as the limit.
   *
   * @param what is done, for the message
   * @param late done in that thread, if it ends after the limit all the same
   * @throws PendingException if it has not ended by then
   */
  public static void run(String what, Duration limit, Action action, Runnable late)
      throws IOException {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("rockpool-" + what)
        .daemon()
        .start(() -> {
          try {
            action.run();
            if (!done.complete(true)) {
              late.run();
            }
          } catch (IOException | RuntimeException | Error e) {
            done.completeExceptionally(e);
          }
        });
    try {
      await(done, what, limit);
      done.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw new IllegalStateException(e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      done.completeExceptionally(e);
      throw new StorageException(StorageException.Reason.FAILED, what + " was interrupted", e);
    }
  }

  private static void await(CompletableFuture<Boolean> done, String what, Duration limit)
      throws InterruptedException, ExecutionException {
    try {
      done.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      done.completeExceptionally(
          new PendingException(what + " has not ended within " + limit.toSeconds() + " s"));
    }
  }
}
