package dev.rockpool.driver.selftest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.rockpool.driver.selftest.StepResult.Outcome;
import io.grpc.Context;
import io.grpc.Status;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class StepsTest {
  private final List<StepResult> results = new ArrayList<>();
  private final Steps steps = new Steps("ext4", results::add);

  @Test
  void whatFailsEndsTheStepsAndIsStillUndone() throws Exception {
    steps.run("create", () -> "made", "delete", () -> "deleted");
    assertThatThrownBy(() ->
            steps.run(
                "stage",
                () -> {
                  throw Status.INTERNAL.withDescription("no loop device").asRuntimeException();
                },
                "unstage",
                () -> ""))
        .isInstanceOf(Steps.Ended.class);
    steps.undo(0);

    assertThat(results)
        .extracting(StepResult::step, StepResult::outcome, StepResult::detail)
        .containsExactly(
            tuple("create", Outcome.OK, "made"),
            tuple("stage", Outcome.FAILED, "INTERNAL: no loop device"),
            tuple("unstage", Outcome.OK, ""),
            tuple("delete", Outcome.OK, "deleted"));
  }

  @Test
  void undoingGoesOnWhenOneFails() throws Exception {
    steps.run("create", () -> "", "delete", () -> "");
    steps.run(
        "stage",
        () -> "",
        "unstage",
        () -> {
          throw new IllegalStateException("busy for good");
        });
    steps.undo(0);

    assertThat(results)
        .extracting(StepResult::step)
        .containsExactly("create", "stage", "unstage", "delete");
    assertThat(Summary.of(results, 12).failed()).isEqualTo(1);
  }

  @Test
  void undoingWaitsForACallThatIsStillRunning() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    steps.run(
        "create",
        () -> "",
        "delete",
        () -> {
          if (attempts.incrementAndGet() < 3) {
            throw Status.ABORTED.asRuntimeException();
          }
          return "";
        });
    steps.undo(0);

    assertThat(attempts).hasValue(3);
    assertThat(results.getLast().outcome()).isEqualTo(Outcome.OK);
  }

  @Test
  void anOptionalStepMayBeSkippedButNotFail() throws Exception {
    steps.runOptional(
        "refuse a second node",
        () -> {
          throw new Step.Skipped("there is none");
        });
    assertThat(results.getLast().outcome()).isEqualTo(Outcome.SKIPPED);

    assertThatThrownBy(() ->
            steps.runOptional(
                "refuse a second node",
                () -> {
                  throw new IllegalStateException("it was not refused");
                }))
        .isInstanceOf(Steps.Ended.class);
  }

  @Test
  void whatWasSkippedIsNotUndone() throws Exception {
    boolean tried =
        steps.runOptional(
            "snapshot",
            () -> {
              throw new Step.Skipped("there are no reflinks");
            },
            "delete the snapshot",
            () -> "");
    steps.undo(0);

    assertThat(tried).isFalse();
    assertThat(results).extracting(StepResult::step).containsExactly("snapshot");
  }

  @Test
  void anInterruptionEndsTheStepsButNotTheUndoing() throws Exception {
    steps.run("create", () -> "", "delete", () -> Context.current().isCancelled() ? "no" : "yes");
    Context.CancellableContext context = Context.ROOT.withCancellation();
    context.cancel(null);
    context.run(() -> {
      assertThatThrownBy(() -> steps.run("stage", () -> "")).isInstanceOf(Steps.Ended.class);
      steps.undo(0);
    });

    assertThat(results).extracting(StepResult::detail).containsExactly("", "interrupted", "yes");
  }

  @Test
  void theTableIsAlignedUnderItsGroupAndEndsWithATotal() {
    StringWriter out = new StringWriter();
    TablePrinter table = new TablePrinter(new PrintWriter(out), false);
    results.add(new StepResult("ext4", "create", Outcome.OK, 38, "320 MiB"));
    results.add(new StepResult("ext4", "refuse a second node", Outcome.FAILED, 4, "granted"));
    results.add(new StepResult("directory", "create", Outcome.SKIPPED, 1, "the pool is local"));
    results.forEach(table);
    table.total(Summary.of(results, 1234));

    assertThat(out.toString())
        .isEqualToNormalizingNewlines(
            """

            ext4
              create                       ok            38 ms   320 MiB
              refuse a second node         FAILED         4 ms   granted

            directory
              create                       skipped        1 ms   the pool is local

            3 steps: 1 ok, 1 failed, 1 skipped, in 1.2 s
            """);
  }
}
