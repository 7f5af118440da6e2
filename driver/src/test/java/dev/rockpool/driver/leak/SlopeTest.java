package dev.rockpool.driver.leak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That it sees what grows, and nothing else. */
final class SlopeTest {
  private static List<Long> samples(long each) {
    return new ArrayList<>(LongStream.range(0, 20).map(i -> 1000 + i * each).boxed().toList());
  }

  @ParameterizedTest
  @ValueSource(longs = {-7, 0, 1, 100})
  void aLineGrowsAsItDoes(long each) {
    assertThat(Slope.of(samples(each))).isEqualTo((double) each);
  }

  @Test
  void aFewSamplesThatAreFarOffChangeNothing() {
    List<Long> samples = samples(0);
    samples.set(3, 50_000L);
    samples.set(18, 1_000_000L);
    samples.set(19, 0L);

    assertThat(Slope.of(samples)).isZero();
  }

  @Test
  void growthIsSeenThroughNoise() {
    Random random = new Random(1);
    List<Long> samples =
        samples(500).stream().map(sample -> sample + random.nextLong(-2000, 2000)).toList();

    assertThat(Slope.of(samples)).isCloseTo(500, within(150.0));
  }

  @Test
  void whatHasGrownBeforeIsForgotten() {
    List<Long> samples = samples(0);
    for (int i = 0; i < 5; i++) {
      samples.set(i, 100L * i);
    }

    assertThat(Slope.of(samples)).isZero();
  }
}
