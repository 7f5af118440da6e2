package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Extent;
import dev.rockpool.storage.host.ExtentMap;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What counts as changed, for extents of all kinds; blocks of 100 bytes, to be read easily. */
final class BlockMapTest {
  private static final long SIZE = 1000;
  private static final int INLINE = 0x200 | 0x100;

  @Test
  void twoImagesWithoutExtentsAreZeros() {
    assertThat(changed(map(), map())).isEmpty();
  }

  @Test
  void whatIsSharedHasNotChangedHoweverItIsCut() {
    assertThat(changed(map(extent(100, 9100, 600)), map(extent(100, 9100, 600)))).isEmpty();
    assertThat(
            changed(
                map(extent(100, 9100, 200), extent(300, 9300, 400)),
                map(extent(100, 9100, 600, Extent.SHARED | Extent.LAST))))
        .isEmpty();
    assertThat(
            BlockMap.of(map(extent(100, 9100, 200), extent(300, 9300, 400)), 0, SIZE, SIZE)
                .equals(BlockMap.of(map(extent(100, 9100, 600)), 0, SIZE, SIZE)))
        .isTrue();
  }

  @Test
  void aBlockElsewhereHasChanged() {
    assertThat(
            changed(
                map(extent(0, 9000, 1000)),
                map(extent(0, 9000, 300), extent(300, 5000, 100), extent(400, 9400, 600))))
        .containsExactly(new BlockRange(300, 100));
  }

  @Test
  void theSameBlockAtAnotherOffsetHasChanged() {
    assertThat(changed(map(extent(0, 9000, 100)), map(extent(100, 9000, 100))))
        .containsExactly(new BlockRange(0, 200));
    assertThat(changed(map(extent(0, 9000, 200)), map(extent(0, 9100, 200))))
        .containsExactly(new BlockRange(0, 200));
  }

  @Test
  void dataInPlaceOfAHoleAndAHoleInPlaceOfDataHaveChanged() {
    assertThat(changed(map(), map(extent(200, 9000, 100))))
        .containsExactly(new BlockRange(200, 100));
    assertThat(changed(map(extent(200, 9000, 100)), map()))
        .containsExactly(new BlockRange(200, 100));
  }

  @Test
  void whatIsUnwrittenIsAHole() {
    Extent unwritten = extent(200, 9200, 300, Extent.UNWRITTEN);
    assertThat(changed(map(), map(unwritten))).isEmpty();
    assertThat(changed(map(unwritten), map(unwritten))).isEmpty();
    assertThat(changed(map(unwritten), map(extent(200, 5000, 300, Extent.UNWRITTEN)))).isEmpty();
  }

  @Test
  void whatWasWrittenIsNotWhatIsUnwrittenEvenInTheSameBlock() {
    Extent unwritten = extent(200, 9200, 300, Extent.UNWRITTEN);
    Extent written = extent(200, 9200, 300);
    assertThat(changed(map(written), map(unwritten))).containsExactly(new BlockRange(200, 300));
    assertThat(changed(map(unwritten), map(written))).containsExactly(new BlockRange(200, 300));
  }

  /** UNKNOWN, DELALLOC, ENCODED, ENCRYPTED, NOT_ALIGNED, INLINE, TAIL; and one not yet invented. */
  @ParameterizedTest
  @ValueSource(ints = {0x2, 0x4 | 0x2, 0x8, 0x80 | 0x8, 0x100, INLINE, 0x400 | 0x100, 0x40000000})
  void whatMayBeAnythingHasChanged(int flags) {
    Extent extent = extent(200, 9200, 300, flags);
    assertThat(extent.plain()).isFalse();
    assertThat(changed(map(extent), map(extent))).containsExactly(new BlockRange(200, 300));
    assertThat(changed(map(), map(extent))).containsExactly(new BlockRange(200, 300));
    assertThat(changed(map(extent), map())).containsExactly(new BlockRange(200, 300));
    Extent unwritten = extent(200, 9200, 300, flags | Extent.UNWRITTEN);
    assertThat(changed(map(unwritten), map())).containsExactly(new BlockRange(200, 300));
  }

  @Test
  void changesThatTouchAreOneRange() {
    assertThat(
            changed(
                map(extent(0, 9000, 500)),
                map(
                    extent(100, 5000, 100),
                    extent(200, 6000, 100),
                    extent(300, 7000, 100, INLINE),
                    extent(400, 9400, 100))))
        .containsExactly(new BlockRange(0, 400));
  }

  @ParameterizedTest
  @CsvSource({"0,1000", "250,1000", "0,250", "250,260", "200,300", "999,1000"})
  void aPartOfTheMapTellsOfThatPartOnly(long from, long to) {
    ExtentMap base = map(extent(0, 9000, 1000));
    ExtentMap target = map(extent(0, 9000, 200), extent(200, 5000, 800));
    List<BlockRange> expected =
        to <= 200
            ? List.of()
            : List.of(new BlockRange(Math.max(from, 200), to - Math.max(from, 200)));
    assertThat(
            BlockMap.of(target, from, to, SIZE)
                .differences(BlockMap.of(base, from, to, SIZE), from))
        .isEqualTo(expected);
  }

  @Test
  void behindTheEndOfAShorterBaseAreZeros() {
    BlockMap base = BlockMap.of(map(extent(0, 9000, 300)), 0, SIZE, 250);
    assertThat(BlockMap.of(map(extent(0, 9000, 300)), 0, SIZE, SIZE).differences(base, 0))
        .containsExactly(new BlockRange(250, 50));
    assertThat(
            BlockMap.of(map(extent(0, 9000, 250), extent(800, 5000, 100)), 0, SIZE, SIZE)
                .differences(base, 0))
        .containsExactly(new BlockRange(800, 100));
  }

  @Test
  void whatTheMapDoesNotReachIsUnknown() {
    ExtentMap cut = new ExtentMap(List.of(extent(0, 9000, 300)), 300);
    BlockMap map = BlockMap.of(cut, 0, SIZE, SIZE);
    assertThat(map.differences(map, 0)).containsExactly(new BlockRange(300, 700));
  }

  @Test
  void aPlaceThatIsToldOfTwiceMakesAllUnknown() {
    BlockMap map = BlockMap.of(map(extent(0, 9000, 300), extent(200, 5000, 300)), 0, SIZE, SIZE);
    assertThat(map.differences(map, 0)).containsExactly(new BlockRange(0, SIZE));
  }

  @Test
  void addressesAreAsLargeAsTheyMayBe() {
    long far = Long.MAX_VALUE - SIZE;
    assertThat(changed(map(extent(0, far, 1000)), map(extent(0, far, 1000)))).isEmpty();
    assertThat(changed(map(extent(0, far, 1000)), map(extent(0, far - 1, 1000))))
        .containsExactly(new BlockRange(0, 1000));
  }

  private static List<BlockRange> changed(ExtentMap base, ExtentMap target) {
    return BlockMap.of(target, 0, SIZE, SIZE).differences(BlockMap.of(base, 0, SIZE, SIZE), 0);
  }

  private static ExtentMap map(Extent... extents) {
    return new ExtentMap(Arrays.asList(extents), SIZE);
  }

  private static Extent extent(long logical, long physical, long length) {
    return extent(logical, physical, length, 0);
  }

  private static Extent extent(long logical, long physical, long length, int flags) {
    return new Extent(logical, physical, length, flags);
  }
}
