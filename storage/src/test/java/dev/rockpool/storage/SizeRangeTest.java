package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SizeRangeTest {
  private static final long MAX = Long.MAX_VALUE;

  @ParameterizedTest
  @CsvSource(
      useHeadersInDisplayName = true,
      textBlock =
          """
          required,   limit,      minimum,   sector, chosen
          1073741824, 0,          1,         512,    1073741824
          1073741825, 0,          1,         512,    1073742336
          1073742336, 1073742336, 1,         512,    1073742336
          1073741825, 1073742336, 1,         512,    1073742336
          1,          0,          1,         512,    512
          513,        0,          1,         4096,   4096
          1000001,    1000001,    1,         1,      1000001
          1,          0,          16777216,  512,    16777216
          1,          16777216,   16777216,  512,    16777216
          16777217,   0,          16777216,  4096,   16781312
          1,          0,          16777217,  4096,   16781312
          0,          0,          1,         512,    1073741824
          0,          0,          2147483648, 512,   2147483648
          0,          1073741823, 1,         512,    1073741312
          0,          10737418240, 1,        512,    1073741824
          0,          16777216,   16777216,  512,    16777216
          0,          512,        1,         512,    512
          """)
  void chooses(long required, long limit, long minimum, int sector, long chosen) {
    assertThat(new SizeRange(required, limit).choose(minimum, sector, "it")).isEqualTo(chosen);
  }

  @ParameterizedTest
  @CsvSource(
      useHeadersInDisplayName = true,
      textBlock =
          """
          required, limit,    minimum,  sector, message
          0,        16777215, 16777216, 512,    the smallest size of it is 16777216 bytes
          1,        16777215, 16777216, 512,    the smallest size of it is 16777216 bytes
          513,      1023,     1,        512,    no multiple of the sector size of 512 bytes
          0,        511,      1,        512,    no multiple of the sector size of 512 bytes
          4097,     8191,     1,        4096,   no multiple of the sector size of 4096 bytes
          """)
  void refusesARangeThatHoldsNoSize(
      long required, long limit, long minimum, int sector, String message) {
    assertRefused(
            StorageException.Reason.OUT_OF_RANGE,
            () -> new SizeRange(required, limit).choose(minimum, sector, "it"))
        .contains(message)
        .contains("limit_bytes=" + limit);
  }

  @ParameterizedTest
  @CsvSource({"-1, 0, required_bytes -1", "0, -1, limit_bytes -1", "2, 1, limit_bytes 1"})
  void refusesARangeThatIsNone(long required, long limit, String message) {
    assertRefused(StorageException.Reason.INVALID, () -> new SizeRange(required, limit))
        .contains(message);
  }

  /** No pool is that large, so that any positive size is refused later, for what it is. */
  @ParameterizedTest
  @CsvSource({"0, 512", "1, 512", "511, 512", "512, 512", "0, 4096", "4095, 4096"})
  void nearTheEndOfNumbersStaysAPositiveMultiple(long below, int sector) {
    long chosen = new SizeRange(MAX - below, 0).choose(1, sector, "it");
    assertThat(chosen).isGreaterThan(MAX - below - sector);
    assertThat(chosen % sector).isZero();
  }

  @Test
  void whatIsChosenIsAlwaysTheSmallestMultipleThatWillDo() {
    Random random = new Random(11);
    for (int i = 0; i < 100_000; i++) {
      long required = 1L + random.nextInt(20_000);
      long limit = random.nextBoolean() ? 0 : required + random.nextInt(10_000);
      long minimum = 1L + random.nextInt(20_000);
      int sector = random.nextBoolean() ? 512 : 4096;
      long least = Math.max(required, minimum);
      long expected = (least + sector - 1) / sector * sector;
      SizeRange range = new SizeRange(required, limit);
      if (limit > 0 && expected > limit) {
        assertRefused(
            StorageException.Reason.OUT_OF_RANGE, () -> range.choose(minimum, sector, "it"));
      } else {
        assertThat(range.choose(minimum, sector, "it")).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 5, true",
    "5, 0, 5, true",
    "5, 0, 4, false",
    "0, 5, 5, true",
    "0, 5, 6, false",
    "5, 6, 6, true",
    "5, 5, 5, true",
  })
  void containsItsEnds(long required, long limit, long bytes, boolean contained) {
    assertThat(new SizeRange(required, limit).contains(bytes)).isEqualTo(contained);
  }
}
