package dev.rockpool.identity;

/** Whether the driver can do its work now (CSI: Probe). */
public sealed interface Health {

  /** It can. */
  record Ready() implements Health {}

  /**
   * Not yet, and nothing is wrong.
   *
   * @param reason what it waits for, for people
   */
  record Starting(String reason) implements Health {}

  /**
   * It can't, and somebody should look.
   *
   * @param reason what is wrong, for people
   */
  record Unhealthy(String reason) implements Health {}
}
