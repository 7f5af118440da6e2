package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The names that get into paths, file names and topology segments. */
final class NamesTest {
  static Stream<String> dangerous() {
    return Stream.of(
        "",
        ".",
        "..",
        "../x",
        "x/../y",
        "a/b",
        "/",
        "/etc",
        "a\\b",
        "a b",
        " a",
        "a ",
        "a\n",
        "\na",
        "a\u0000",
        "\u0000",
        "a\u0085",
        "a\u001b[0m",
        "-",
        "-a",
        "a-",
        "ä",
        "а" /* Cyrillic */,
        "%2e%2e",
        "*");
  }

  @ParameterizedTest
  @MethodSource("dangerous")
  void noNameThatCouldLeaveItsDirectoryIsTaken(String text) {
    for (Function<String, Object> parse :
        List.<Function<String, Object>>of(VolumeId::parse, PoolName::parse, NodeId::parse)) {
      assertRefused(StorageException.Reason.INVALID, () -> parse.apply(text))
          .doesNotContainPattern("\\p{Cntrl}");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"A", "a_b", "a.b", "v-Ä"})
  void idsOfVolumesAndNamesOfPoolsAreLabels(String text) {
    assertRefused(StorageException.Reason.INVALID, () -> VolumeId.parse(text));
    assertRefused(StorageException.Reason.INVALID, () -> PoolName.parse(text));
  }

  @Test
  void aVolumeIdHasAtMost63Characters() {
    assertThat(VolumeId.parse("a".repeat(63)).value()).hasSize(63);
    assertRefused(StorageException.Reason.INVALID, () -> VolumeId.parse("a".repeat(64)));
  }

  @Test
  void aPoolNameHasAtMost40Characters() {
    assertThat(PoolName.parse("a".repeat(40)).value()).hasSize(40);
    assertRefused(StorageException.Reason.INVALID, () -> PoolName.parse("a".repeat(41)));
  }

  @Test
  void aNodeIdHasAtMost192Characters() {
    assertThat(NodeId.parse("a".repeat(192)).value()).hasSize(192);
    assertRefused(StorageException.Reason.INVALID, () -> NodeId.parse("a".repeat(193)));
    // Long enough to overflow the stack of a careless regular expression.
    assertRefused(StorageException.Reason.INVALID, () -> NodeId.parse("a".repeat(1 << 20)))
        .hasSizeLessThan(400);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "7", "ip-10-0-0-1.eu.internal", "Node_1", "a..b"})
  void aNodeIdMayBeAHostName(String text) {
    assertThat(NodeId.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pvc-3a8f", "a", "0", "vol-1", "v", "v0-x"})
  void aNameThatIsALabelIsTheId(String name) {
    assertThat(VolumeId.ofName(name)).hasToString(name);
  }

  @ParameterizedTest
  @MethodSource("dangerous")
  @ValueSource(strings = {"v-x", "v-", "PVC", "pvc_1", "Datenträger 1", "名前", "🪨"})
  void anyOtherNameIsHashed(String name) {
    assertThat(VolumeId.ofName(name).value()).matches("v-[0-9a-f]{40}");
    assertThat(VolumeId.ofName(name)).isEqualTo(VolumeId.ofName(name));
  }

  @Test
  void aLongNameIsHashedWhole() {
    assertThat(VolumeId.ofName("a".repeat(64))).isNotEqualTo(VolumeId.ofName("a".repeat(65)));
    assertThat(VolumeId.ofName("a".repeat(64)).value()).matches("v-[0-9a-f]{40}");
  }

  @Test
  void aHashIsNotTakenForAName() {
    VolumeId hashed = VolumeId.ofName("Some Name");
    assertThat(VolumeId.ofName(hashed.value())).isNotEqualTo(hashed);
    assertThat(VolumeId.parse(hashed.value())).isEqualTo(hashed);
  }

  @Test
  void noTwoNamesHaveOneId() {
    Random random = new Random(7);
    List<String> names =
        IntStream.range(0, 50_000)
            .mapToObj(i -> randomName(random, "abV-_. /ä\n", 1 + random.nextInt(12)))
            .distinct()
            .toList();
    assertThat(names.stream().map(VolumeId::ofName).collect(Collectors.toSet()))
        .hasSameSizeAs(names);
  }

  private static String randomName(Random random, String letters, int length) {
    return IntStream.range(0, length)
        .mapToObj(i -> String.valueOf(letters.charAt(random.nextInt(letters.length()))))
        .collect(Collectors.joining());
  }

  @Test
  void idsAreOrderedAsAListingOfThePool() {
    assertThat(Stream.of("b", "a-1", "a", "a1", "0").map(VolumeId::parse).sorted())
        .extracting(VolumeId::value)
        .containsExactly("0", "a", "a-1", "a1", "b");
  }

  @Test
  void textFromOutsideIsShownCutAndWithoutControlCharacters() {
    assertThat(Printable.of("a\nb\u001b")).isEqualTo("a?b?");
    assertThat(Printable.of("x".repeat(1000))).isEqualTo("x".repeat(128) + "…");
  }
}
