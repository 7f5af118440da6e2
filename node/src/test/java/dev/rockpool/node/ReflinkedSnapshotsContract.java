package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.rockpool.storage.BlockRange;
import dev.rockpool.storage.PoolSnapshotBlocks;
import dev.rockpool.storage.Snapshot;
import dev.rockpool.storage.SnapshotGroup;
import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.SnapshotRecord;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeSource;
import dev.rockpool.storage.host.Freeze;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Snapshots of volumes in use, where the pool's filesystem has reflinks. */
abstract class ReflinkedSnapshotsContract extends SnapshotsContract {
  private static final int GROUPS = 12;

  @ParameterizedTest
  @EnumSource
  void aSnapshotOfAVolumeInUseHasAllThatWasWritten(Kind kind) {
    Path target = used("vol", kind);
    Snapshot taken = node().snapshot("snap", "vol");
    assertThat(taken.record().state()).isEqualTo(SnapshotRecord.State.READY);
    kind.write(target, 1);

    node().restore("restored", kind, of(taken));
    Path beside = use("restored", kind);
    kind.assertHolds(beside, 0);
    kind.assertHoldsNot(beside, 1);
    kind.assertHolds(target, 1);
  }

  @ParameterizedTest
  @EnumSource
  void aCloneOfAVolumeInUseIsMountedBesideIt(Kind kind) {
    Path target = used("vol", kind);
    node().restore("clone", kind, new VolumeSource.OfVolume(VolumeId.parse("vol")));
    node().restore("clone-of-clone", kind, new VolumeSource.OfVolume(VolumeId.parse("clone")));
    Path clone = use("clone", kind);
    Path second = use("clone-of-clone", kind);
    kind.write(clone, 1);
    kind.write(second, 2);
    kind.assertHolds(clone, 0);
    kind.assertHolds(second, 0);
    kind.assertHoldsNot(target, 1);
    kind.assertHoldsNot(second, 1);
    kind.assertHoldsNot(clone, 2);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsNotReportedAsChangedIsTheSame(Kind kind) throws IOException {
    Path target = used("vol", kind);
    Snapshot before = node().snapshot("before", "vol");
    kind.write(target, 1);
    Snapshot after = node().snapshot("after", "vol");
    PoolSnapshotBlocks blocks = new PoolSnapshotBlocks(node()::pools);
    List<BlockRange> changed = blocks.changed(before.id(), after.id(), 0).ranges();
    assertThat(changed).isNotEmpty();
    byte[] one = Files.readAllBytes(image(before));
    byte[] two = Files.readAllBytes(image(after));
    for (BlockRange range : changed) {
      int from = (int) range.offset();
      System.arraycopy(two, from, one, from, (int) range.length());
    }
    assertThat(Arrays.equals(one, two)).as("what was changed, put into what was before").isTrue();
    long bytes = changed.stream().mapToLong(BlockRange::length).sum();
    assertThat(bytes).as("changed bytes").isBetween(3L << 20, 24L << 20);
    assertThat(blocks.allocated(after.id(), 0).ranges()).isNotEmpty();
    assertRefused(
        Reason.OUT_OF_RANGE, () -> blocks.changed(before.id(), after.id(), kind.bytes() + 1));
    assertRefused(Reason.NOT_FOUND, () -> blocks.changed(SnapshotId.parse("none"), after.id(), 0));
    node().create("other", kind);
    Snapshot other = node().snapshot("of-other", "other");
    assertRefused(Reason.INVALID, () -> blocks.changed(other.id(), after.id(), 0));
  }

  private Path image(Snapshot snapshot) {
    return machine().pool().resolve("snapshots").resolve(snapshot.id().value()).resolve("disk.img");
  }

  /** What fsync had made lasting when a machine lost power is in its journal only. */
  @ParameterizedTest
  @EnumSource(value = Kind.class, names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aDirtyJournalIsReplayedBeforeTheFirstUse(Kind kind) throws IOException {
    Path target = used("vol", kind);
    kind.write(target, 1);
    // The image as a power cut leaves it, under a volume that is not in use.
    byte[] dirty = Files.readAllBytes(node().image("vol"));
    node().unpublish("vol", target);
    node().unstage("vol");
    Files.write(node().image("vol"), dirty);

    Snapshot taken = ready(node().snapshot("snap", "vol"));
    node().restore("restored", kind, of(taken));
    Path restored = use("restored", kind);
    kind.assertHolds(restored, 0);
    kind.assertHolds(restored, 1);
  }

  @Test
  void aFilesystemThatWasLeftFrozenIsThawedAtTheStart() throws Exception {
    Path target = used("vol", Kind.XFS);
    Snapshot taken = node().snapshot("snap", "vol");
    Path record = machine().pool().resolve("snapshots/snap/snapshot.json");
    Files.writeString(
        record,
        Files.readString(record).replace("\"state\" : \"ready\"", "\"state\" : \"creating\""));
    assertThat(node().snapshots().find(taken.id())).isEmpty();
    // As by a process that was killed before it could thaw.
    Freeze frozen = Freeze.of(target);
    try {
      node().snapshots().recover(node().pools());
      assertThat(Freeze.thaw(target)).as("still frozen").isFalse();
    } finally {
      frozen.close();
    }
    Kind.XFS.write(target, 1);
    node().snapshots().delete(taken.id());
  }

  @Test
  void aVolumeThatSomebodyElseHasFrozenIsLeftAlone() throws IOException {
    Path target = used("vol", Kind.EXT4);
    try (Freeze _ = Freeze.of(target)) {
      assertRefused(Reason.PRECONDITION, () -> node().snapshot("snap", "vol"));
      assertThat(machine().pool().resolve("snapshots")).isEmptyDirectory();
      assertThat(Freeze.thaw(target)).as("frozen as before").isTrue();
    }
  }

  /**
   * A writer keeps two volumes in step: what it writes to the second one is never newer than what
   * is lasting in the first. A group shows both of one moment, so the second is at most as new as
   * the first, and the first at most one step ahead.
   */
  @ParameterizedTest
  @EnumSource(value = Kind.class, names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aGroupIsOfOneMoment(Kind kind) throws Exception {
    Path one = used("vol-1", kind).resolve("step");
    Path two = used("vol-2", kind).resolve("step");
    AtomicBoolean stop = new AtomicBoolean();
    List<Throwable> failures = new ArrayList<>();
    Thread writer =
        Thread.ofPlatform()
            .uncaughtExceptionHandler((_, e) -> failures.add(e))
            .start(() -> keepInStep(one, two, stop));
    List<SnapshotGroup> groups = new ArrayList<>();
    try {
      for (int i = 0; i < GROUPS; i++) {
        groups.add(node().snapshots().createGroup("group-" + i, volumes("vol-2", "vol-1")));
        LockSupport.parkNanos(3_000_000);
      }
    } finally {
      stop.set(true);
      writer.join();
    }
    assertThat(failures).isEmpty();
    List<Long> steps = new ArrayList<>();
    for (SnapshotGroup group : groups) {
      long first = step(group, "vol-1", kind);
      long second = step(group, "vol-2", kind);
      assertThat(first - second).as("steps between the members of %s", group.id()).isIn(0L, 1L);
      steps.add(second);
    }
    assertThat(steps).as("the writer went on meanwhile").isSorted();
    assertThat(steps.getLast()).isGreaterThan(steps.getFirst());
    groups.forEach(group -> node().snapshots().deleteGroup(group.id()));
    assertThat(machine().pool().resolve("groups")).isEmptyDirectory();
  }

  private static void keepInStep(Path one, Path two, AtomicBoolean stop) {
    try (FileChannel first = lasting(one);
        FileChannel second = lasting(two)) {
      for (long step = 1; !stop.get(); step++) {
        write(first, step);
        write(second, step);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static FileChannel lasting(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.DSYNC);
  }

  private static void write(FileChannel channel, long step) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).putLong(0, step);
    var _ = channel.write(bytes, 0);
  }

  private long step(SnapshotGroup group, String volume, Kind kind) throws IOException {
    Snapshot member =
        group.members().stream()
            .filter(found -> found.record().source().value().equals(volume))
            .findFirst()
            .orElseThrow();
    String restored = node().restore(group.id() + "-" + volume, kind, of(member));
    Path target = use(restored, kind);
    Path file = target.resolve("step");
    byte[] bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[Long.BYTES];
    node().unpublish(restored, target);
    node().unstage(restored);
    return bytes.length < Long.BYTES ? 0 : ByteBuffer.wrap(bytes).getLong();
  }

  private static List<VolumeId> volumes(String... ids) {
    return List.of(ids).stream().map(VolumeId::parse).toList();
  }

  @Test
  void rawDevicesInUseAreNoGroup() {
    used("raw-1", Kind.BLOCK);
    used("raw-2", Kind.BLOCK);
    unused("raw-3", Kind.BLOCK);
    used("file", Kind.EXT4);
    assertRefused(
        Reason.PRECONDITION,
        () -> node().snapshots().createGroup("group", volumes("raw-1", "raw-2")));
    assertRefused(
        Reason.PRECONDITION,
        () -> node().snapshots().createGroup("group", volumes("raw-1", "file")));
    assertThat(machine().pool().resolve("groups")).isEmptyDirectory();
    assertThat(machine().pool().resolve("snapshots")).isEmptyDirectory();
    SnapshotGroup group = node().snapshots().createGroup("group", volumes("raw-1", "raw-3"));
    assertThat(group.members()).hasSize(2);
    node().snapshots().deleteGroup(group.id());
  }

  @Test
  void aGroupIsMadeWholeOrNotAtAllAndGoesAsOne() {
    used("vol-1", Kind.EXT4);
    unused("vol-2", Kind.XFS);
    assertRefused(
        Reason.NOT_FOUND, () -> node().snapshots().createGroup("group", volumes("vol-1", "none")));
    assertThat(machine().pool().resolve("groups")).isEmptyDirectory();
    assertThat(machine().pool().resolve("snapshots")).isEmptyDirectory();

    SnapshotGroup group = node().snapshots().createGroup("group", volumes("vol-1", "vol-2"));
    assertThat(node().snapshots().createGroup("group", volumes("vol-2", "vol-1"))).isEqualTo(group);
    assertThat(node().snapshots().findGroup(group.id())).contains(group);
    assertRefused(
        Reason.ALREADY_EXISTS, () -> node().snapshots().createGroup("group", volumes("vol-1")));
    Snapshot member = group.members().getFirst();
    assertThat(node().snapshots().find(member.id())).contains(member);
    assertRefused(Reason.INVALID, () -> node().snapshots().delete(member.id()));

    node().snapshots().deleteGroup(group.id());
    node().snapshots().deleteGroup(group.id());
    assertThat(node().snapshots().findGroup(group.id())).isEmpty();
    assertThat(node().snapshots().find(member.id())).isEmpty();
  }

  @Test
  void aGroupThatWasCutShortHasNoMembersUntilItIsTakenAgain() throws IOException {
    used("vol-1", Kind.EXT4);
    used("vol-2", Kind.EXT4);
    SnapshotGroup group = node().snapshots().createGroup("group", volumes("vol-1", "vol-2"));
    Path record = machine().pool().resolve("groups/group/group.json");
    Files.writeString(
        record,
        Files.readString(record).replace("\"state\" : \"ready\"", "\"state\" : \"creating\""));
    assertThat(node().snapshots().findGroup(group.id())).isEmpty();
    assertThat(node().snapshots().list(Optional.empty(), 10, Optional.empty())).isEmpty();
    assertThatCode(() -> node().snapshots().recover(node().pools())).doesNotThrowAnyException();
    SnapshotGroup again = node().snapshots().createGroup("group", volumes("vol-1", "vol-2"));
    assertThat(again.record().createdAt()).isAfter(group.record().createdAt());
    assertThat(again.members()).hasSize(2);
    node().snapshots().deleteGroup(again.id());
  }
}
