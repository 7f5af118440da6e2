package dev.rockpool.driver.selftest;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * How one step went.
 *
 * @param group the kind of volume, or what else it belongs to
 * @param step what was done
 * @param outcome how it ended
 * @param milliseconds how long it took
 * @param detail what was seen; for a failure or a skip the reason
 */
public record StepResult(
    String group, String step, Outcome outcome, long milliseconds, String detail) {

  /** How a step ends. */
  public enum Outcome {
    @JsonProperty("ok")
    OK,
    @JsonProperty("failed")
    FAILED,
    @JsonProperty("skipped")
    SKIPPED
  }
}
