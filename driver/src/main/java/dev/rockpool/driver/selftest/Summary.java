package dev.rockpool.driver.selftest;

import java.util.List;

/**
 * How all steps went, as programs read it.
 *
 * @param ok how many worked
 * @param failed how many did not
 * @param skipped how many could not be tried
 * @param milliseconds how long all took
 * @param steps each of them, in order
 */
public record Summary(int ok, int failed, int skipped, long milliseconds, List<StepResult> steps) {

  public static Summary of(List<StepResult> steps, long milliseconds) {
    return new Summary(
        count(steps, StepResult.Outcome.OK),
        count(steps, StepResult.Outcome.FAILED),
        count(steps, StepResult.Outcome.SKIPPED),
        milliseconds,
        List.copyOf(steps));
  }

  private static int count(List<StepResult> steps, StepResult.Outcome outcome) {
    return (int) steps.stream().filter(step -> step.outcome() == outcome).count();
  }
}
