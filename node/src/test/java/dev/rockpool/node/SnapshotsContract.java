package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.Snapshot;
import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.SnapshotRecord;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What snapshots and clones are, on whatever filesystem the pool is, with real users. */
abstract class SnapshotsContract {
  static final VolumeCapability.AccessMode.Mode WRITER = Mode.SINGLE_NODE_MULTI_WRITER;

  private TestNode node;

  abstract Machine machine();

  @BeforeEach
  void open() {
    node = TestNode.local(machine());
  }

  @AfterEach
  void close() {
    node.snapshots().list(Optional.empty(), 100, Optional.empty()).stream()
        .filter(snapshot -> snapshot.record().group().isEmpty())
        .forEach(snapshot -> node.snapshots().delete(snapshot.id()));
    node.close();
    assertThat(machine().pool().resolve("snapshots")).isEmptyDirectory();
  }

  final TestNode node() {
    return node;
  }

  static VolumeSource of(Snapshot snapshot) {
    return new VolumeSource.OfSnapshot(snapshot.id());
  }

  static void assertRefused(Reason reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StorageException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  /** The snapshot when it is ready. */
  final Snapshot ready(Snapshot snapshot) {
    Snapshot now = snapshot;
    while (!now.record().ready()) {
      now = node.snapshots().create(now.record().name(), now.record().source());
      Waiting.aMoment();
    }
    return now;
  }

  /** A volume that is published at the target "one", with data 0 in it. */
  final Path used(String volume, Kind kind) {
    node.create(volume, kind);
    node.use(volume, kind.capability(WRITER));
    Path target = node.publish(volume, volume, kind.capability(WRITER));
    kind.write(target, 0);
    return target;
  }

  final Path use(String volume, Kind kind) {
    node.use(volume, kind.capability(WRITER));
    return node.publish(volume, volume, kind.capability(WRITER));
  }

  /** The volume with data 0 in it, used by nobody any more. */
  final void unused(String volume, Kind kind) {
    Path target = used(volume, kind);
    node.unpublish(volume, target);
    node.unstage(volume);
  }

  @ParameterizedTest
  @EnumSource
  void aSnapshotHasTheContentOfItsMoment(Kind kind) {
    unused("vol", kind);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    assertThat(taken.record().sizeBytes()).isEqualTo(kind.bytes());
    Path target = use("vol", kind);
    kind.write(target, 1);

    node.restore("restored", kind, of(taken));
    Path beside = use("restored", kind);
    kind.assertHolds(beside, 0);
    kind.assertHoldsNot(beside, 1);
    kind.write(beside, 2);
    kind.assertHolds(target, 1);
    kind.assertHoldsNot(target, 2);
  }

  @ParameterizedTest
  @EnumSource
  void neitherVolumeNorSnapshotNeedsTheOther(Kind kind) {
    unused("vol", kind);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    node.detach("vol");
    node.volumes().delete(VolumeId.parse("vol"));
    assertThat(node.snapshots().find(taken.id())).contains(taken);

    node.restore("restored", kind, of(taken));
    node.snapshots().delete(taken.id());
    assertThat(node.snapshots().find(taken.id())).isEmpty();
    kind.assertHolds(use("restored", kind), 0);
  }

  @ParameterizedTest
  @EnumSource
  void aCloneHasWhatItsSourceHad(Kind kind) {
    unused("vol", kind);
    node.restore("clone", kind, new VolumeSource.OfVolume(VolumeId.parse("vol")));
    Path original = use("vol", kind);
    Path clone = use("clone", kind);
    kind.write(original, 1);
    kind.assertHolds(clone, 0);
    kind.assertHoldsNot(clone, 1);
  }

  @ParameterizedTest
  @EnumSource(value = Kind.class, names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aLargerRestoreHasALargerFilesystemFromTheBeginning(Kind kind) {
    unused("vol", kind);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    node.restore("larger", kind, new SizeRange(3 * kind.bytes(), 0), of(taken));
    node.attach("larger", kind.capability(Mode.MULTI_NODE_READER_ONLY), true);
    Path staging = node.stage("larger", kind.capability(Mode.MULTI_NODE_READER_ONLY));
    kind.assertHolds(staging, 0);
    assertThat(node.statistics("larger", staging.toString()).getUsage(0).getTotal())
        .isGreaterThan(2 * kind.bytes());
  }

  @ParameterizedTest
  @EnumSource
  void whatIsRestoredAndOnlyReadIsCleanAndStaysAsItIs(Kind kind) throws IOException {
    unused("vol", kind);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    node.restore("restored", kind, of(taken));
    byte[] before = Files.readAllBytes(node.image("restored"));
    node.attach("restored", kind.capability(Mode.MULTI_NODE_READER_ONLY), true);
    node.stage("restored", kind.capability(Mode.MULTI_NODE_READER_ONLY));
    Path target = node.publish("restored", "reader", kind.capability(Mode.MULTI_NODE_READER_ONLY));
    kind.assertHolds(target, 0);
    node.unpublish("restored", target);
    node.unstage("restored");
    assertThat(Arrays.equals(before, Files.readAllBytes(node.image("restored")))).isTrue();
  }

  @Test
  void aRestoreIsNeitherSmallerNorOfAnotherKind() {
    node.create("vol", Kind.EXT4);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    long bytes = Kind.EXT4.bytes();
    assertRefused(
        Reason.OUT_OF_RANGE,
        () -> node.restore("small", Kind.EXT4, new SizeRange(bytes / 2, 0), of(taken)));
    assertRefused(
        Reason.OUT_OF_RANGE,
        () -> node.restore("small", Kind.EXT4, new SizeRange(0, bytes / 2), of(taken)));
    assertRefused(
        Reason.INVALID, () -> node.restore("raw", Kind.BLOCK, new SizeRange(bytes, 0), of(taken)));
    assertRefused(
        Reason.INVALID, () -> node.restore("other", Kind.XFS, new SizeRange(bytes, 0), of(taken)));
    assertRefused(
        Reason.NOT_FOUND,
        () ->
            node.restore("none", Kind.EXT4, new VolumeSource.OfSnapshot(SnapshotId.parse("none"))));
    assertRefused(
        Reason.NOT_FOUND,
        () -> node.restore("none", Kind.EXT4, new VolumeSource.OfVolume(VolumeId.parse("none"))));
    assertThat(machine().pool().resolve("volumes")).isDirectoryContaining("glob:**/vol");
    assertThat(node.volumes().list(Optional.empty(), 10)).hasSize(1);

    // As it is rounded: the source was asked for so, too.
    node.restore("rounded", Kind.EXT4, new SizeRange(bytes - 100, 0), of(taken));
    String same = node.restore("same", Kind.EXT4, new SizeRange(0, 2 * bytes), of(taken));
    assertThat(node.volumes().find(VolumeId.parse(same)).orElseThrow().record().capacityBytes())
        .isEqualTo(bytes);
  }

  @Test
  void theSameNameIsTheSameSnapshot() {
    node.create("vol", Kind.EXT4);
    node.create("other", Kind.EXT4);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    assertThat(node.snapshot("snap", "vol")).isEqualTo(taken);
    assertRefused(Reason.ALREADY_EXISTS, () -> node.snapshot("snap", "other"));
    assertRefused(Reason.NOT_FOUND, () -> node.snapshot("new", "none"));
    assertThat(node.snapshots().list(Optional.empty(), 10, Optional.empty()))
        .containsExactly(taken);
    node.snapshots().delete(taken.id());
    node.snapshots().delete(taken.id());
    assertThat(node.snapshots().list(Optional.empty(), 10, Optional.empty())).isEmpty();
  }

  @Test
  void theSameRequestIsTheSameRestore() {
    node.create("vol", Kind.XFS);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    Snapshot other = ready(node.snapshot("other", "vol"));
    node.restore("restored", Kind.XFS, of(taken));
    node.restore("restored", Kind.XFS, of(taken));
    assertRefused(Reason.ALREADY_EXISTS, () -> node.restore("restored", Kind.XFS, of(other)));
    assertRefused(Reason.ALREADY_EXISTS, () -> node.create("restored", Kind.XFS));
    assertRefused(Reason.ALREADY_EXISTS, () -> node.restore("vol", Kind.XFS, of(taken)));
  }

  @Test
  void snapshotsAreListedInTheirOrderAndByTheirSource() {
    node.create("a", Kind.BLOCK);
    node.create("b", Kind.BLOCK);
    for (String name : new String[] {"s1", "s3"}) {
      ready(node.snapshot(name, "a"));
    }
    ready(node.snapshot("s2", "b"));
    assertThat(node.snapshots().list(Optional.of(SnapshotId.parse("s1")), 1, Optional.empty()))
        .extracting(found -> found.id().value())
        .containsExactly("s2");
    assertThat(node.snapshots().list(Optional.empty(), 10, Optional.of(VolumeId.parse("a"))))
        .extracting(found -> found.id().value())
        .containsExactly("s1", "s3");
  }

  @Test
  void aSnapshotTakesOfThePoolWhatItsVolumeHas() {
    unused("vol", Kind.BLOCK);
    long before = node.pools().all().getFirst().promisedBytes();
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    long promised = taken.record().promisedBytes();
    assertThat(promised).isBetween(3L << 20, 4L << 20);
    assertThat(node.pools().all().getFirst().promisedBytes()).isEqualTo(before + promised);
    node.snapshots().delete(taken.id());
    assertThat(node.pools().all().getFirst().promisedBytes()).isEqualTo(before);
  }

  @Test
  void aRestoreThatWasCutShortIsMadeFromTheBeginning() throws IOException {
    unused("vol", Kind.XFS);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    String restored = node.restore("restored", Kind.XFS, of(taken));
    Path record = machine().pool().resolve("volumes/restored/volume.json");
    Files.writeString(
        record,
        Files.readString(record).replace("\"state\" : \"ready\"", "\"state\" : \"creating\""));
    Files.writeString(node.image(restored), "cut short");
    node.restore("restored", Kind.XFS, of(taken));
    Kind.XFS.assertHolds(use("restored", Kind.XFS), 0);
  }

  @Test
  void aSnapshotThatWasCutShortIsTakenWhenItIsAskedForAgain() throws IOException {
    unused("vol", Kind.EXT4);
    Snapshot taken = ready(node.snapshot("snap", "vol"));
    Path directory = machine().pool().resolve("snapshots/snap");
    Path record = directory.resolve("snapshot.json");
    Files.writeString(
        record,
        Files.readString(record).replace("\"state\" : \"ready\"", "\"state\" : \"creating\""));
    assertThat(node.snapshots().find(taken.id())).isEmpty();
    assertThat(node.snapshots().list(Optional.empty(), 10, Optional.empty())).isEmpty();
    assertThatCode(() -> Files.writeString(directory.resolve("disk.img"), "cut short"))
        .doesNotThrowAnyException();
    Snapshot again = ready(node.snapshot("snap", "vol"));
    assertThat(again.record().state()).isEqualTo(SnapshotRecord.State.READY);
    node.restore("restored", Kind.EXT4, of(again));
    Kind.EXT4.assertHolds(use("restored", Kind.EXT4), 0);
  }
}
