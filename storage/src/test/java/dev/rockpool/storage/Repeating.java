package dev.rockpool.storage;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Does something over and over in the background, until it is closed; fails then if that did. */
final class Repeating implements AutoCloseable {
  private final AtomicBoolean done = new AtomicBoolean();
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private final Future<?> work;

  Repeating(Callable<?> action) {
    work =
        thread.submit(() -> {
          while (!done.get()) {
            action.call();
          }
          return null;
        });
  }

  @Override
  public void close() {
    done.set(true);
    thread.close();
    if (work.state() == Future.State.FAILED) {
      throw new AssertionError(work.exceptionNow());
    }
  }
}
