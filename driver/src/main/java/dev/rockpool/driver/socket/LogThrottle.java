package dev.rockpool.driver.socket;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Says which of many like events are worth a line in the log. For one thread. */
final class LogThrottle {
  private final long interval;
  private final LongSupplier nanoTime;
  private long last;
  private long sinceLast;
  private boolean begun;

  /**
   * @param interval at most one line in it
   * @param nanoTime a clock like {@link System#nanoTime}
   */
  LogThrottle(Duration interval, LongSupplier nanoTime) {
    this.interval = interval.toNanos();
    this.nanoTime = nanoTime;
  }

  /**
   * Counts an event.
   *
   * @return 0 to be silent about it, else the number of events since the last line, this one
   *     included
   */
  long count() {
    sinceLast++;
    long now = nanoTime.getAsLong();
    if (begun && now - last < interval) {
      return 0;
    }
    begun = true;
    last = now;
    long events = sinceLast;
    sinceLast = 0;
    return events;
  }
}
