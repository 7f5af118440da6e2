package dev.rockpool.driver.selftest;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.Consumer;

/** Prints each step as it ends, for people: a line each, under the heading of its group. */
public final class TablePrinter implements Consumer<StepResult> {
  private static final int OUTCOME_WIDTH = 7;

  private final PrintWriter out;
  private final boolean colours;
  private String group = "";

  /**
   * @param colours whether the outcome may be coloured
   */
  public TablePrinter(PrintWriter out, boolean colours) {
    this.out = out;
    this.colours = colours;
  }

  @Override
  public void accept(StepResult step) {
    if (!step.group().equals(group)) {
      group = step.group();
      out.println();
      out.println(bold(group));
    }
    out.println(
        "  %-28s %s %8d ms   %s"
            .formatted(step.step(), outcome(step.outcome()), step.milliseconds(), step.detail())
            .stripTrailing());
    out.flush();
  }

  /** Prints the last line. */
  public void total(Summary summary) {
    out.println();
    out.println(
        bold(
            "%d steps: %d ok, %d failed, %d skipped, in %s s"
                .formatted(
                    summary.steps().size(),
                    summary.ok(),
                    summary.failed(),
                    summary.skipped(),
                    String.format(Locale.ROOT, "%.1f", summary.milliseconds() / 1000.0))));
    out.flush();
  }

  private String outcome(StepResult.Outcome outcome) {
    String text = outcome.name().toLowerCase(Locale.ROOT);
    String padded = text + " ".repeat(OUTCOME_WIDTH - text.length());
    return switch (outcome) {
      case OK -> coloured("32", padded);
      case FAILED -> coloured("1;31", outcome.name() + " ".repeat(OUTCOME_WIDTH - text.length()));
      case SKIPPED -> coloured("33", padded);
    };
  }

  private String bold(String text) {
    return coloured("1", text);
  }

  private String coloured(String code, String text) {
    return colours ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }
}
