package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class VolumeRecordTest {
  private static final AccessMode ONE_NODE = AccessMode.SINGLE_NODE_MULTI_WRITER;
  private static final AccessMode MANY_WRITERS = AccessMode.MULTI_NODE_MULTI_WRITER;

  static VolumeRecord record(String id, Contents contents, AccessMode... modes) {
    return new VolumeRecord(
        VolumeRecord.FORMAT_VERSION,
        VolumeId.ofName(id),
        id,
        VolumeRecord.State.READY,
        contents,
        16 << 20,
        512,
        Allocation.THIN,
        DiskConflict.NODE,
        List.of(),
        Set.of(modes),
        Optional.empty(),
        0,
        IoLimits.NONE,
        true,
        Instant.parse("2026-01-02T03:04:05.678Z"),
        List.of(),
        Optional.empty());
  }

  @Test
  void aRawBlockVolumeIsNoFilesystem() {
    VolumeRecord volume = record("a", Contents.BLOCK, ONE_NODE);
    assertThat(volume.objection(true, Optional.empty(), ONE_NODE)).isEmpty();
    assertThat(volume.objection(false, Optional.empty(), ONE_NODE))
        .hasValueSatisfying(message -> assertThat(message).contains("a raw block volume"));
  }

  @ParameterizedTest
  @EnumSource(value = Contents.class, names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aFilesystemIsNoRawBlockVolume(Contents contents) {
    assertThat(record("a", contents, MANY_WRITERS).objection(true, Optional.empty(), ONE_NODE))
        .hasValueSatisfying(message -> assertThat(message).contains("raw block device"));
  }

  @Test
  void aVolumeServesTheFilesystemThatItHolds() {
    VolumeRecord volume = record("a", Contents.XFS, ONE_NODE);
    assertThat(volume.objection(false, Optional.of(FsType.XFS), ONE_NODE)).isEmpty();
    assertThat(volume.objection(false, Optional.empty(), ONE_NODE)).isEmpty();
    assertThat(volume.objection(false, Optional.of(FsType.EXT4), ONE_NODE))
        .contains("volume \"a\" holds xfs, not ext4");
  }

  @Test
  void aDirectoryServesAnyFilesystem() {
    VolumeRecord volume = record("a", Contents.DIRECTORY, MANY_WRITERS);
    assertThat(volume.objection(false, Optional.of(FsType.EXT4), MANY_WRITERS)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(AccessMode.class)
  void onlyAVolumeCreatedForManyWritersServesThem(AccessMode mode) {
    boolean writers =
        mode == AccessMode.MULTI_NODE_MULTI_WRITER || mode == AccessMode.MULTI_NODE_SINGLE_WRITER;
    Optional<String> ordinary =
        record("a", Contents.BLOCK, ONE_NODE).objection(true, Optional.empty(), mode);
    assertThat(ordinary.isPresent()).isEqualTo(writers);
    assertThat(record("a", Contents.BLOCK, MANY_WRITERS).objection(true, Optional.empty(), mode))
        .isEmpty();
  }

  @Test
  void aNodesAttachmentIsFound() {
    Attachment held = new Attachment(new NodeId("a"), ONE_NODE, Access.READ_WRITE);
    VolumeRecord volume = record("a", Contents.BLOCK, ONE_NODE).withAttachments(List.of(held));
    assertThat(volume.attachment(new NodeId("a"))).contains(held);
    assertThat(volume.attachment(new NodeId("b"))).isEmpty();
  }

  @Test
  void changesTouchWhatTheySayAlone() {
    VolumeRecord volume = record("a", Contents.EXT4, ONE_NODE);
    assertThat(volume.withState(VolumeRecord.State.DELETING).withState(VolumeRecord.State.READY))
        .isEqualTo(volume);
    assertThat(volume.withCapacity(5, false).withCapacity(16 << 20, true)).isEqualTo(volume);
    assertThat(volume.withCapacity(5, false))
        .extracting(VolumeRecord::capacityBytes, VolumeRecord::sizeEnforced)
        .containsExactly(5L, false);
  }

  @ParameterizedTest
  @EnumSource(AccessMode.class)
  void readonlyMakesAnyModeReadOnly(AccessMode mode) {
    boolean reader =
        mode == AccessMode.SINGLE_NODE_READER_ONLY || mode == AccessMode.MULTI_NODE_READER_ONLY;
    assertThat(mode.access(true)).isEqualTo(Access.READ_ONLY);
    assertThat(mode.access(false)).isEqualTo(reader ? Access.READ_ONLY : Access.READ_WRITE);
  }
}
