package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumesFixture.Setup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link Volumes#expand}. */
interface ExpandContract extends ContractChapter {
  private Volume expand(VolumeId id, long required, long limit) {
    return volumes().expand(id, new SizeRange(required, limit));
  }

  @ParameterizedTest
  @EnumSource(Allocation.class)
  default void aVolumeGrowsToTheByte(Allocation allocation) {
    Asked asked = Asked.block("a").size(16 * MIB);
    VolumeId id = create(allocation == Allocation.THICK ? asked.thick() : asked).id();
    Volume grown = expand(id, 40 * MIB, 0);
    assertThat(grown.record().capacityBytes()).isEqualTo(40 * MIB);
    assertThat(volumes().find(id)).contains(grown);
    assertThat(expand(id, 48 * MIB, 48 * MIB).record().capacityBytes()).isEqualTo(48 * MIB);
  }

  @ParameterizedTest
  @CsvSource({"16777217, 0", "16777217, 16781312", "30000001, 0"})
  default void aNewSizeIsRoundedUpToASector(long required, long limit) {
    VolumeRecord record = expand(create(Asked.block("a")).id(), required, limit).record();
    assertThat(record.capacityBytes() % record.sectorBytes()).isZero();
    assertThat(record.capacityBytes() - required).isBetween(0L, record.sectorBytes() - 1L);
  }

  @Test
  default void aVolumeThatIsLargeEnoughStays() {
    Volume made = create(Asked.block("a").size(20 * MIB));
    long before = available();
    assertThat(expand(made.id(), 20 * MIB, 20 * MIB)).isEqualTo(made);
    assertThat(expand(made.id(), 1, 0)).isEqualTo(made);
    assertThat(expand(made.id(), 0, 20 * MIB)).isEqualTo(made);
    assertThat(expand(made.id(), 0, 1L << 40)).isEqualTo(made);
    assertThat(available()).isEqualTo(before);
  }

  @Test
  default void expandingAgainChangesNothing() {
    VolumeId id = create(Asked.block("a").size(16 * MIB)).id();
    Volume grown = expand(id, 20 * MIB, 0);
    long before = available();
    assertThat(expand(id, 20 * MIB, 0)).isEqualTo(grown);
    assertThat(available()).isEqualTo(before);
  }

  @Test
  default void aVolumeDoesNotShrink() {
    Volume made = create(Asked.block("a").size(20 * MIB));
    assertRefused(Reason.OUT_OF_RANGE, () -> expand(made.id(), 1, 20 * MIB - 1))
        .contains("" + 20 * MIB)
        .contains("" + (20 * MIB - 1));
    assertThat(volumes().find(made.id())).contains(made);
  }

  @Test
  default void aRangeThatHoldsNoSectorIsRefused() {
    Volume made = create(Asked.block("a").size(16 * MIB));
    assertRefused(Reason.OUT_OF_RANGE, () -> expand(made.id(), 16 * MIB + 1, 16 * MIB + 511));
    assertThat(volumes().find(made.id())).contains(made);
  }

  @ParameterizedTest
  @EnumSource(Allocation.class)
  default void aVolumeDoesNotGrowBeyondThePool(Allocation allocation) throws Exception {
    openWith(new Setup(100 * MIB, 1, 0));
    Asked asked = Asked.block("a").size(60 * MIB);
    Volume made = create(allocation == Allocation.THICK ? asked.thick() : asked);
    assertRefused(Reason.EXHAUSTED, () -> expand(made.id(), 100 * MIB + 1, 0));
    assertRefused(Reason.EXHAUSTED, () -> expand(made.id(), Long.MAX_VALUE, 0));
    assertThat(volumes().find(made.id())).contains(made);
    assertThat(available()).isEqualTo(40 * MIB);
    assertThat(expand(made.id(), 100 * MIB, 0).record().capacityBytes()).isEqualTo(100 * MIB);
    assertThat(available()).isZero();
  }

  @Test
  default void aVolumeInUseGrowsAndKeepsItsHolder() throws Exception {
    VolumeId id = create(Asked.filesystem("a", FsType.EXT4)).id();
    Volume held = attach(id, node(), AccessMode.SINGLE_NODE_MULTI_WRITER, Access.READ_WRITE);
    try (var _ = fixture().use(id, Access.READ_WRITE)) {
      VolumeRecord grown = expand(id, 32 * MIB, 0).record();
      assertThat(grown.withCapacity(16 * MIB, true)).isEqualTo(held.record());
    }
  }

  @Test
  default void aGrownVolumeIsStillTheOneOfItsName() {
    VolumeId id = create(Asked.block("a").size(16 * MIB)).id();
    Volume grown = expand(id, 20 * MIB, 0);
    assertThat(create(Asked.block("a").size(16 * MIB))).isEqualTo(grown);
    assertRefused(Reason.ALREADY_EXISTS, () -> create(Asked.block("a").size(16 * MIB, 16 * MIB)));
  }

  @Test
  default void whatDoesNotExistCantGrow() {
    assertRefused(Reason.NOT_FOUND, () -> expand(VolumeId.parse("never-was"), 1, 0));
  }
}
