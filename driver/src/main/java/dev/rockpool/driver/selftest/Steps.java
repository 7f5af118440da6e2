package dev.rockpool.driver.selftest;

import dev.rockpool.driver.selftest.StepResult.Outcome;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * The steps of one group. Each that changes something names its undoing, which is done in the
 * reverse order at the end, whatever happened in between.
 */
final class Steps {
  private static final int UNDO_ATTEMPTS = 20;
  private static final long UNDO_PAUSE_MILLIS = 250;

  private final String group;
  private final Consumer<StepResult> results;
  private final Deque<Undoing> undoings = new ArrayDeque<>();

  private record Undoing(String name, Step step) {}

  Steps(String group, Consumer<StepResult> results) {
    this.group = group;
    this.results = results;
  }

  /** A step did not work, or can't be tried: the steps after it make no sense. */
  static final class Ended extends Exception {
    private static final long serialVersionUID = 1L;

    private Ended(Throwable cause) {
      super(cause);
    }

    private boolean skipped() {
      return getCause() instanceof Step.Skipped;
    }
  }

  /**
   * Tries a step.
   *
   * @throws Ended if it fails or is skipped
   */
  void run(String name, Step step) throws Ended {
    long begin = System.nanoTime();
    try {
      if (Context.current().isCancelled()) {
        throw new InterruptedException("interrupted");
      }
      String detail = step.perform();
      report(name, Outcome.OK, begin, detail);
    } catch (Step.Skipped e) {
      report(name, Outcome.SKIPPED, begin, String.valueOf(e.getMessage()));
      throw new Ended(e);
    } catch (Exception e) {
      report(name, Outcome.FAILED, begin, describe(e));
      throw new Ended(e);
    }
  }

  /**
   * Tries a step that others don't need: it may be skipped, but must not fail.
   *
   * @return whether it was tried
   */
  boolean runOptional(String name, Step step) throws Ended {
    try {
      run(name, step);
      return true;
    } catch (Ended e) {
      return requireSkipped(e);
    }
  }

  /** The same with an undoing, which is due unless the step was skipped. */
  boolean runOptional(String name, Step step, String undoing, Step undo) throws Ended {
    try {
      run(name, step, undoing, undo);
      return true;
    } catch (Ended e) {
      return requireSkipped(e);
    }
  }

  private static boolean requireSkipped(Ended e) throws Ended {
    if (!e.skipped()) {
      throw e;
    }
    return false;
  }

  /**
   * Tries a step whose undoing is due even if it fails: it may have done a part of its work. If it
   * is skipped there is nothing to undo.
   */
  void run(String name, Step step, String undoing, Step undo) throws Ended {
    undoings.push(new Undoing(undoing, undo));
    try {
      run(name, step);
    } catch (Ended e) {
      if (e.skipped()) {
        undoings.pop();
      }
      throw e;
    }
  }

  /** How many undoings are due. */
  int depth() {
    return undoings.size();
  }

  /**
   * Undoes until so many undoings are left, also after an interruption. One that fails does not
   * keep the others from being done.
   */
  void undo(int left) {
    while (undoings.size() > left) {
      Undoing next = undoings.pop();
      long begin = System.nanoTime();
      try {
        report(next.name(), Outcome.OK, begin, Context.ROOT.call(() -> persistently(next.step())));
      } catch (Exception e) {
        report(next.name(), Outcome.FAILED, begin, describe(e));
      }
    }
  }

  /** A call that was given up may still run in the driver: then it is busy for a while. */
  private static String persistently(Step step) throws Exception {
    for (int attempt = 1; ; attempt++) {
      try {
        return step.perform();
      } catch (StatusRuntimeException e) {
        Status.Code code = e.getStatus().getCode();
        if (attempt == UNDO_ATTEMPTS
            || (code != Status.Code.ABORTED && code != Status.Code.UNAVAILABLE)) {
          throw e;
        }
        Thread.sleep(UNDO_PAUSE_MILLIS);
      }
    }
  }

  private void report(String name, Outcome outcome, long begin, String detail) {
    long milliseconds = (System.nanoTime() - begin) / 1_000_000;
    results.accept(new StepResult(group, name, outcome, milliseconds, detail));
  }

  static String describe(Exception e) {
    if (e instanceof StatusRuntimeException failure) {
      Status status = failure.getStatus();
      return status.getCode() + ": " + status.getDescription();
    }
    return String.valueOf(e.getMessage());
  }
}
