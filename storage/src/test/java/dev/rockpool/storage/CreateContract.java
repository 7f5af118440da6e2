package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.GIB;
import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumesFixture.Setup;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link Volumes#create}. */
interface CreateContract extends ContractChapter {
  @Test
  default void aNewVolumeIsWhatWasAskedFor() {
    Volume made =
        create(
            Asked.filesystem("pvc-1", FsType.EXT4)
                .size(20 * MIB, 30 * MIB)
                .modes(AccessMode.SINGLE_NODE_SINGLE_WRITER, AccessMode.MULTI_NODE_READER_ONLY)
                .pool(fixture().pool().value())
                .diskConflict(DiskConflict.POD)
                .mkfsOptions("-I", "512")
                .requisite(fixture().place()));
    assertThat(made.id()).hasToString("pvc-1");
    assertThat(made.pool()).isEqualTo(fixture().pool());
    assertThat(made.topology().reachableFrom(fixture().place())).isTrue();
    VolumeRecord record = made.record();
    assertThat(record.name()).isEqualTo("pvc-1");
    assertThat(record.state()).isEqualTo(VolumeRecord.State.READY);
    assertThat(record.contents()).isEqualTo(Contents.EXT4);
    assertThat(record.capacityBytes()).isEqualTo(20 * MIB);
    assertThat(record.allocation()).isEqualTo(Allocation.THIN);
    assertThat(record.diskConflict()).isEqualTo(DiskConflict.POD);
    assertThat(record.mkfsOptions()).containsExactly("-I", "512");
    assertThat(record.modes())
        .containsExactlyInAnyOrder(
            AccessMode.SINGLE_NODE_SINGLE_WRITER, AccessMode.MULTI_NODE_READER_ONLY);
    assertThat(record.sizeEnforced()).isTrue();
    assertThat(record.attachments()).isEmpty();
    assertThat(volumes().find(made.id())).contains(made);
  }

  @Test
  default void aFilesystemThatNobodyNamesIsExt4() {
    assertThat(create(Asked.filesystem("a")).record().contents()).isEqualTo(Contents.EXT4);
  }

  @Test
  default void theSameRequestAgainIsTheSameVolume() {
    Volume first = create(Asked.filesystem("a", FsType.EXT4).mkfsOptions("-I", "512"));
    List<String> commands = fixture().host().commands();
    assertThat(create(Asked.filesystem("a", FsType.EXT4).mkfsOptions("-I", "512")))
        .isEqualTo(first);
    assertThat(fixture().host().commands()).isEqualTo(commands);
    assertThat(ids()).containsExactly(first.id());
  }

  @Test
  default void aRequestThatTheVolumeFitsIsTheSameRequest() {
    Volume first = create(Asked.filesystem("a", FsType.EXT4).size(20 * MIB));
    assertThat(create(Asked.filesystem("a").size(10 * MIB, 20 * MIB))).isEqualTo(first);
    assertThat(create(Asked.filesystem("a").size(0, 20 * MIB))).isEqualTo(first);
    assertThat(create(Asked.filesystem("a").pool(fixture().pool().value()))).isEqualTo(first);
    assertThat(create(Asked.filesystem("a").requisite(fixture().place()))).isEqualTo(first);
  }

  @Test
  default void theSameRequestAgainTellsTheHoldersToo() {
    Volume first = create(Asked.block("a"));
    Volume held =
        attach(first.id(), node(), AccessMode.SINGLE_NODE_MULTI_WRITER, Access.READ_WRITE);
    assertThat(create(Asked.block("a"))).isEqualTo(held);
  }

  static Stream<Named<Asked>> differences() {
    return Stream.of(
        Named.of("larger", Asked.filesystem("a", FsType.EXT4).size(21 * MIB)),
        Named.of("smaller", Asked.filesystem("a", FsType.EXT4).size(0, 19 * MIB)),
        Named.of("raw block", Asked.block("a").size(20 * MIB)),
        Named.of("filesystem", Asked.filesystem("a", FsType.XFS).size(20 * MIB)),
        Named.of("mode", same().modes(AccessMode.SINGLE_NODE_WRITER)),
        Named.of(
            "one more mode",
            same().modes(AccessMode.SINGLE_NODE_MULTI_WRITER, AccessMode.MULTI_NODE_READER_ONLY)),
        Named.of("allocation", same().thick()),
        Named.of("diskConflict", same().diskConflict(DiskConflict.POD)),
        Named.of("mkfsOptions", same().mkfsOptions("-I", "512")),
        Named.of("pool", same().pool("another")),
        Named.of("place", same().requisite(Topology.ofNode(new NodeId("elsewhere")))));
  }

  private static Asked same() {
    return Asked.filesystem("a", FsType.EXT4).size(20 * MIB);
  }

  @ParameterizedTest
  @MethodSource("dev.rockpool.storage.CreateContract#differences")
  default void aRequestThatDiffersIsRefused(Asked asked) {
    Volume first = create(same());
    assertRefused(Reason.ALREADY_EXISTS, () -> create(asked)).contains("\"a\"");
    assertThat(volumes().find(first.id())).contains(first);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Upper", "v-1", "with space", "../../etc", "名前", "a/b", "."})
  default void anyNameIsAVolumeOfItsOwn(String name) {
    Volume odd = create(Asked.block(name));
    assertThat(odd.id().value()).startsWith("v-").hasSizeLessThanOrEqualTo(63);
    assertThat(odd.record().name()).isEqualTo(name);
    assertThat(create(Asked.block(name))).isEqualTo(odd);
    assertThat(create(Asked.block(odd.id().value())).id()).isNotEqualTo(odd.id());
  }

  @ParameterizedTest
  @CsvSource({"16777217, 0", "16777217, 16781312", "16777216, 16777216", "20000001, 0"})
  default void aSizeIsRoundedUpToASector(long required, long limit) {
    VolumeRecord record = create(Asked.block("a").size(required, limit)).record();
    assertThat(record.capacityBytes() % record.sectorBytes()).isZero();
    assertThat(record.capacityBytes() - required).isBetween(0L, record.sectorBytes() - 1L);
  }

  @Test
  default void aSizeThatNobodyNamesIsAGibibyte() {
    assertThat(create(Asked.block("a").size(0, 0)).record().capacityBytes()).isEqualTo(GIB);
    assertThat(create(Asked.block("b").size(0, 20 * MIB)).record().capacityBytes())
        .isEqualTo(20 * MIB);
  }

  @ParameterizedTest
  @EnumSource(FsType.class)
  default void aFilesystemIsAsLargeAsItMustBe(FsType type) {
    assertThat(create(Asked.filesystem("a", type).size(1)).record().capacityBytes())
        .isEqualTo(type.minimumBytes());
    assertRefused(
            Reason.OUT_OF_RANGE,
            () -> create(Asked.filesystem("b", type).size(1, type.minimumBytes() - 1)))
        .contains("" + type.minimumBytes());
    assertThat(ids()).hasSize(1);
  }

  @Test
  default void whatThePoolCantPromiseLeavesNothingBehind() throws Exception {
    openWith(new Setup(100 * MIB, 1, 0));
    assertRefused(Reason.EXHAUSTED, () -> create(Asked.block("a").size(100 * MIB + 1)))
        .contains("104857600");
    assertThat(volumes().find(VolumeId.parse("a"))).isEmpty();
    assertThat(ids()).isEmpty();
    assertThat(available()).isEqualTo(100 * MIB);
    assertThat(create(Asked.block("a").size(100 * MIB)).record().capacityBytes())
        .isEqualTo(100 * MIB);
    assertRefused(Reason.EXHAUSTED, () -> create(Asked.block("b").size(1)));
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, Long.MAX_VALUE - 511, 1L << 62})
  default void aSizeBeyondAllMeasureIsMoreThanThePoolHas(long bytes) {
    assertRefused(Reason.EXHAUSTED, () -> create(Asked.block("a").size(bytes)));
    assertRefused(Reason.EXHAUSTED, () -> create(Asked.block("a").thick().size(bytes)));
    assertThat(ids()).isEmpty();
    assertThat(available()).isEqualTo(Setup.USUAL.limitBytes());
  }

  @Test
  default void aPlaceThatDoesNotReachThePoolIsRefused() {
    Topology elsewhere = Topology.ofNode(new NodeId("elsewhere"));
    assertRefused(Reason.EXHAUSTED, () -> create(Asked.block("a").requisite(elsewhere)));
    assertThat(create(Asked.block("a").requisite(elsewhere, fixture().place())).id())
        .hasToString("a");
  }

  @Test
  default void whatCanNeverBeMadeIsRefused() {
    assertRefused(Reason.INVALID, () -> create(Asked.block("a").pool("none")))
        .contains("none")
        .contains(fixture().pool().value());
    assertRefused(Reason.INVALID, () -> create(Asked.block("a").mkfsOptions("-I", "512")))
        .contains("mkfsOptions");
    assertRefused(
            Reason.INVALID,
            () -> create(Asked.block("a").modes(AccessMode.MULTI_NODE_SINGLE_WRITER)))
        .contains("MULTI_NODE_SINGLE_WRITER");
    assertThat(volumes().list(Optional.empty(), 10)).isEmpty();
  }

  @Test
  default void aBlockVolumeMayHaveManyWriters() {
    Volume made = create(Asked.block("a").modes(AccessMode.MULTI_NODE_MULTI_WRITER));
    assertThat(made.record().shareable()).isTrue();
    assertThat(made.record().contents()).isEqualTo(Contents.BLOCK);
  }
}
