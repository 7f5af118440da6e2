package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an operator writes on the command line: pools and sizes. */
final class SpecsTest {
  @Test
  void aPoolIsANameAndADirectory() {
    assertThat(PoolSpec.parse("fast=/mnt/fast"))
        .isEqualTo(new PoolSpec(new PoolName("fast"), Path.of("/mnt/fast"), Long.MAX_VALUE, 1));
  }

  @Test
  void aPoolMayHaveALimitAndAnOvercommitment() {
    PoolSpec both = new PoolSpec(new PoolName("fast"), Path.of("/mnt"), 10L << 30, 1.5);
    assertThat(PoolSpec.parse("fast=/mnt,limit=10Gi,overcommit=1.5")).isEqualTo(both);
    assertThat(PoolSpec.parse("fast=/mnt,overcommit=1.5,limit=10Gi")).isEqualTo(both);
  }

  @Test
  void aPoolsDirectoryIsNormalised() {
    assertThat(PoolSpec.parse("a=/mnt//x/../y/").directory()).isEqualTo(Path.of("/mnt/y"));
    assertThat(PoolSpec.parse("a=/mnt/a=b").directory()).isEqualTo(Path.of("/mnt/a=b"));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      delimiter = '|',
      value = {
        "fast | name=/directory",
        "/mnt | name=/directory",
        "\"\" | name=/directory",
        "fast= | not an absolute path",
        "fast=mnt | not an absolute path",
        "fast=./mnt | not an absolute path",
        "=/mnt | not a pool name",
        "Fast=/mnt | not a pool name",
        "fast=/mnt, | unknown option",
        "fast=/mnt,size=1 | unknown option",
        "fast=/mnt,limit= | not a size",
        "fast=/mnt,limit=-1 | not a size",
        "fast=/mnt,limit=many | not a size",
        "fast=/mnt,overcommit=x | not a number",
        "fast=/mnt,overcommit=0.9 | between 1 and 1000",
        "fast=/mnt,overcommit=1001 | between 1 and 1000",
        "fast=/mnt,overcommit=NaN | between 1 and 1000",
        "fast=/mnt,overcommit=-Infinity | between 1 and 1000",
      })
  void aPoolThatIsWrongIsRefusedWithThePartThatIs(String text, String message) {
    assertRefused(StorageException.Reason.INVALID, () -> PoolSpec.parse(text)).contains(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a=/x\u0000", "a\u001b=/x", "a=/x,\u001b[31m"})
  void aPoolWithControlCharactersIsRefusedAndNotShown(String text) {
    assertRefused(StorageException.Reason.INVALID, () -> PoolSpec.parse(text))
        .doesNotContainPattern("\\p{Cntrl}");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "10737418240, 10737418240",
    "10Gi, 10737418240",
    "10GiB, 10737418240",
    "10G, 10737418240",
    "1Ki, 1024",
    "3Mi, 3145728",
    "2Ti, 2199023255552",
    "8388607Ti, 9223370937343148032",
    "007, 7",
  })
  void aSizeIsReadToTheByte(String text, long bytes) {
    assertThat(ByteSize.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-1",
        "+1",
        "1.5Gi",
        "Gi",
        "1gi",
        "1 Gi",
        "1Pi",
        "1B",
        "0x10",
        "1e9",
        "1\n",
        "١",
        "8388608Ti",
        "999999999999999999Ki",
        "9223372036854775808"
      })
  void whatIsNoSizeIsRefused(String text) {
    assertRefused(StorageException.Reason.INVALID, () -> ByteSize.parse(text))
        .doesNotContainPattern("\\p{Cntrl}");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1 KiB",
    "1536, 1.5 KiB",
    "1073741824, 1 GiB",
    "1610612736, 1.5 GiB",
    "2199023255552, 2 TiB",
    "9223372036854775807, 8388608 TiB",
  })
  void aSizeIsShownShort(long bytes, String text) {
    assertThat(ByteSize.format(bytes)).isEqualTo(text);
  }
}
