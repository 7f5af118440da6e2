package dev.rockpool.driver.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class LineLayoutTest {
  private final Logger logger = new LoggerContext().getLogger("test");
  private final LineLayout layout = new LineLayout();

  @Test
  void isTimeLevelAndMessage() {
    assertThat(line(Level.WARN, "pool \"fast\" is full", null))
        .isEqualTo("2026-03-04T05:06:07.080Z WARN  pool \"fast\" is full\n");
  }

  @Test
  void keepsAMessageOfSeveralLinesOnOne() {
    assertThat(line(Level.INFO, "mkfs failed\nno space\n", null))
        .isEqualTo("2026-03-04T05:06:07.080Z INFO  mkfs failed no space\n");
  }

  @Test
  void letsNoMessagePassForAnother() {
    assertThat(line(Level.ERROR, "volume \"a\u001b[2Kb\rc\"", null))
        .isEqualTo("2026-03-04T05:06:07.080Z ERROR volume \"a?[2Kb?c\"\n");
  }

  @Test
  void endsWithTheStackTrace() {
    assertThat(line(Level.ERROR, "a defect", new IllegalStateException("why")))
        .startsWith(
            "2026-03-04T05:06:07.080Z ERROR a defect\njava.lang.IllegalStateException: why\n\tat ")
        .contains("LineLayoutTest.endsWithTheStackTrace");
  }

  private String line(Level level, String message, @Nullable Throwable failure) {
    LoggingEvent event = new LoggingEvent("", logger, level, message, failure, null);
    event.setInstant(Instant.parse("2026-03-04T05:06:07.080Z"));
    return layout.doLayout(event);
  }
}
