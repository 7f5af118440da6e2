package dev.rockpool.node;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waiting for what another thread or process does. */
final class Waiting {
  private Waiting() {}

  static void aMoment() {
    LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
  }
}
