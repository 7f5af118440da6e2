package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.storage.PoolSnapshotBlocks;
import dev.rockpool.storage.PoolSnapshots;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.Snapshot;
import dev.rockpool.storage.SnapshotRecord;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeSource;
import dev.rockpool.storage.host.FileSpace;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Snapshots by copying, where the pool's filesystem has no reflinks. */
final class SnapshotsOnExt4IT extends SnapshotsContract {
  @RegisterExtension private static final Machine machine = Machine.ext4();

  private static final long MIB = 1 << 20;

  @Override
  Machine machine() {
    return machine;
  }

  /** A volume of 256 MiB of which 64 are there, in pieces. */
  private byte[] filled(String volume) throws IOException {
    node().create(volume, Kind.BLOCK);
    node().volumes().expand(VolumeId.parse(volume), new SizeRange(256 * MIB, 0));
    byte[] piece = new byte[(int) (16 * MIB)];
    new Random(7).nextBytes(piece);
    try (RandomAccessFile image = new RandomAccessFile(node().image(volume).toFile(), "rw")) {
      for (long at = 8; at < 256; at += 64) {
        image.seek(at * MIB);
        image.write(piece);
      }
    }
    return piece;
  }

  private Path copy(String snapshot) {
    return machine.pool().resolve("snapshots").resolve(snapshot).resolve("disk.img");
  }

  @ParameterizedTest
  @EnumSource(value = Kind.class, names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aFilesystemInUseIsCopiedWhileItIsHeldStill(Kind kind) {
    Path target = used("vol", kind);
    Snapshot taken = node().snapshot("snap", "vol");
    assertThat(taken.record().state()).isEqualTo(SnapshotRecord.State.READY);
    kind.write(target, 1);
    node().restore("restored", kind, of(taken));
    Path beside = use("restored", kind);
    kind.assertHolds(beside, 0);
    kind.assertHoldsNot(beside, 1);
  }

  @Test
  void aRawDeviceInUseIsRefused() {
    used("vol", Kind.BLOCK);
    assertRefused(Reason.PRECONDITION, () -> node().snapshot("snap", "vol"));
    assertRefused(
        Reason.PRECONDITION,
        () ->
            node().restore("clone", Kind.BLOCK, new VolumeSource.OfVolume(VolumeId.parse("vol"))));
    assertThat(machine.pool().resolve("snapshots")).isEmptyDirectory();
    assertThat(machine.pool().resolve("volumes/clone")).doesNotExist();
  }

  @Test
  void whatHasChangedIsNotKnown() {
    unused("vol", Kind.BLOCK);
    Snapshot before = ready(node().snapshot("before", "vol"));
    Snapshot after = ready(node().snapshot("after", "vol"));
    PoolSnapshotBlocks blocks = new PoolSnapshotBlocks(node()::pools);
    assertRefused(Reason.PRECONDITION, () -> blocks.changed(before.id(), after.id(), 0));
    assertThat(blocks.allocated(after.id(), 0).ranges()).isNotEmpty();
  }

  @Test
  void thereAreNoGroups() {
    node().create("vol", Kind.EXT4);
    assertThatThrownBy(
            () -> node().snapshots().createGroup("group", List.of(VolumeId.parse("vol"))))
        .hasMessageContaining("reflinks");
    assertThat(machine.pool().resolve("groups")).isEmptyDirectory();
    assertThat(machine.pool().resolve("snapshots")).isEmptyDirectory();
  }

  @Test
  void aCopyKeepsItsHolesAndItsSourceFromChanging() throws IOException {
    filled("vol");
    try (PoolSnapshots slow = node().snapshots(48 * MIB)) {
      Snapshot copying = slow.create("snap", VolumeId.parse("vol"));
      assertThat(copying.record().state()).isEqualTo(SnapshotRecord.State.COPYING);
      assertThat(slow.find(copying.id())).contains(copying);
      // Its source can't be written, nor go, before the copy has ended; other volumes can.
      node().attach("vol", Kind.BLOCK.capability(WRITER), false);
      assertThatThrownBy(() -> node().stage("vol", Kind.BLOCK.capability(WRITER)))
          .hasMessageContaining("FAILED_PRECONDITION");
      node().detach("vol");
      assertRefused(Reason.PRECONDITION, () -> node().volumes().delete(VolumeId.parse("vol")));
      used("other", Kind.EXT4);
      assertRefused(
          Reason.PRECONDITION,
          () -> node().restore("early", Kind.BLOCK, new SizeRange(256 * MIB, 0), of(copying)));
      Snapshot done = slow.create("snap", VolumeId.parse("vol"));
      while (!done.record().ready()) {
        Waiting.aMoment();
        done = slow.create("snap", VolumeId.parse("vol"));
      }
    }
    assertThat(Files.mismatch(node().image("vol"), copy("snap"))).isEqualTo(-1);
    assertThat(FileSpace.allocatedBytes(copy("snap"))).isBetween(64 * MIB, 66 * MIB);
  }

  @Test
  void aCopyThatWasInterruptedGoesOnWhereItWas() throws IOException {
    filled("vol");
    Snapshot copying;
    try (PoolSnapshots slow = node().snapshots(16 * MIB)) {
      copying = slow.create("snap", VolumeId.parse("vol"));
      while (slow.find(copying.id()).orElseThrow().record().copiedBytes() == 0) {
        Waiting.aMoment();
      }
    }
    SnapshotRecord interrupted = node().snapshots().find(copying.id()).orElseThrow().record();
    assertThat(interrupted.state()).isEqualTo(SnapshotRecord.State.COPYING);
    assertThat(interrupted.copiedBytes()).isBetween(8 * MIB, 255 * MIB);
    try (PoolSnapshots next = node().snapshots(1024 * MIB)) {
      next.recover(node().pools());
      while (!next.find(copying.id()).orElseThrow().record().ready()) {
        Waiting.aMoment();
      }
      assertThat(next.find(copying.id()).orElseThrow().record().createdAt())
          .isEqualTo(copying.record().createdAt());
    }
    assertThat(Files.mismatch(node().image("vol"), copy("snap"))).isEqualTo(-1);
  }

  @Test
  void aCopyWhoseSourceHasChangedSinceBeginsAgain() throws IOException {
    byte[] piece = filled("vol");
    Snapshot copying;
    try (PoolSnapshots slow = node().snapshots(16 * MIB)) {
      copying = slow.create("snap", VolumeId.parse("vol"));
      while (slow.find(copying.id()).orElseThrow().record().copiedBytes() == 0) {
        Waiting.aMoment();
      }
    }
    try (RandomAccessFile image = new RandomAccessFile(node().image("vol").toFile(), "rw")) {
      image.write(piece);
    }
    try (PoolSnapshots next = node().snapshots(1024 * MIB)) {
      next.recover(node().pools());
      while (!next.find(copying.id()).orElseThrow().record().ready()) {
        Waiting.aMoment();
      }
      assertThat(next.find(copying.id()).orElseThrow().record().createdAt())
          .isAfter(copying.record().createdAt());
    }
    assertThat(Files.mismatch(node().image("vol"), copy("snap"))).isEqualTo(-1);
  }

  @Test
  void aSnapshotIsDeletedWhileItIsBeingCopied() throws IOException {
    filled("vol");
    try (PoolSnapshots slow = node().snapshots(8 * MIB)) {
      Snapshot copying = slow.create("snap", VolumeId.parse("vol"));
      slow.delete(copying.id());
      assertThat(slow.find(copying.id())).isEmpty();
    }
    assertThat(machine.pool().resolve("snapshots")).isEmptyDirectory();
    assertThat(node().snapshots().list(Optional.empty(), 10, Optional.empty())).isEmpty();
    use("vol", Kind.BLOCK);
  }
}
