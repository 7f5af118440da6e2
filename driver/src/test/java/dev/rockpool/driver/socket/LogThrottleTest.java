package dev.rockpool.driver.socket;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class LogThrottleTest {
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
  private final LogThrottle throttle = new LogThrottle(Duration.ofMinutes(1), nanos::get);

  @Test
  void letsTheFirstEventThrough() {
    assertThat(throttle.count()).isEqualTo(1);
  }

  @Test
  void countsWhatItKeptSilentAbout() {
    throttle.count();
    assertThat(throttle.count()).isZero();
    nanos.addAndGet(Duration.ofSeconds(59).toNanos());
    assertThat(throttle.count()).isZero();

    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    assertThat(throttle.count()).isEqualTo(3);
    assertThat(throttle.count()).isZero();
  }
}
