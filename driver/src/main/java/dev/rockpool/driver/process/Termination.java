package dev.rockpool.driver.process;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes SIGTERM and SIGINT an orderly end: the work is told to stop, finishes what it must, and the
 * process ends with the exit code that the work decides.
 *
 * <p>Left to itself, Java ends with 143 after SIGTERM however well all went, which service managers
 * take for a failure.
 */
public final class Termination {
  private Termination() {}

  /**
   * Does the work.
   *
   * @param work gives the exit code
   * @param stop called on a signal, in a thread of its own, to make the work come to its end
   * @return what the work gives; after a signal the process ends before that is seen
   */
  public static int guard(Callable<Integer> work, Runnable stop) throws Exception {
    CountDownLatch finished = new CountDownLatch(1);
    AtomicInteger code = new AtomicInteger(1);
    Thread hook =
        Thread.ofPlatform()
            .name("rockpool-end")
            .unstarted(() -> {
              stop.run();
              try {
                finished.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              Runtime.getRuntime().halt(code.get());
            });
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      code.set(work.call());
      return code.get();
    } finally {
      unhook(hook);
      finished.countDown();
    }
  }

  private static void unhook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process ends already, and the hook decides how.
    }
  }
}
