package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumeRecord.State;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a crash leaves between two steps, written by hand, and how the next call ends it. */
@Timeout(60)
final class InterruptedIT {
  private static final VolumeId ID = VolumeId.parse("a");
  private static PoolFilesystem filesystem;

  private PoolFixture pool;

  @BeforeAll
  static void mount(@TempDir Path directory) throws IOException {
    filesystem = PoolFilesystem.xfs(directory);
  }

  @AfterAll
  static void unmount() throws IOException {
    filesystem.close();
  }

  @BeforeEach
  void open() throws IOException {
    pool = PoolFixture.local(filesystem.newDirectory());
  }

  @AfterEach
  void close() {
    pool.close();
  }

  private static Asked ext4() {
    return Asked.filesystem("a", FsType.EXT4).size(20 * MIB);
  }

  /** Leaves the record in this state, and opens the pool anew. */
  private VolumeRecord crashIn(State state) throws IOException {
    VolumeRecord record = pool.volumes().find(ID).orElseThrow().record().withState(state);
    AtomicFiles.replace(pool.layout().directory(ID).resolve("volume.json"), Json.bytes(record));
    pool.restart();
    return record;
  }

  private Path image() {
    return pool.layout().image(ID);
  }

  enum Left {
    NO_IMAGE,
    EMPTY_IMAGE,
    SHORT_IMAGE,
    LONG_IMAGE,
    OTHER_FILESYSTEM
  }

  @ParameterizedTest
  @EnumSource(Left.class)
  void aCreateIsBegunAnewWhateverItHadLeft(Left left) throws IOException {
    pool.create(ext4());
    switch (left) {
      case NO_IMAGE -> Files.delete(image());
      case EMPTY_IMAGE -> truncate(0);
      case SHORT_IMAGE -> truncate(MIB);
      case LONG_IMAGE -> truncate(500 * MIB);
      case OTHER_FILESYSTEM -> {
        VolumeId other = pool.create(Asked.filesystem("b", FsType.BTRFS).size(1)).id();
        Files.delete(image());
        Files.copy(pool.layout().image(other), image());
        pool.volumes().delete(other);
      }
    }
    crashIn(State.CREATING);
    Volume made = pool.create(ext4());
    assertThat(made.record().state()).isEqualTo(State.READY);
    assertThat(pool.volumes().find(ID)).contains(made);
    assertThat(Files.size(image())).isEqualTo(20 * MIB);
    assertThat(Superblock.read(image())).contains(new Superblock(FsType.EXT4, 20 * MIB));
  }

  private void truncate(long bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  @Test
  void aHalfMadeVolumeIsServedToNobody() throws IOException {
    pool.create(ext4());
    crashIn(State.CREATING);
    assertNotServed();
    assertThat(pool.opened().promisedBytes()).isEqualTo(20 * MIB);
  }

  private void assertNotServed() {
    Attachment asked =
        new Attachment(pool.nodes().getFirst(), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE);
    assertThat(pool.volumes().find(ID)).isEmpty();
    assertThat(pool.ids()).isEmpty();
    assertRefused(Reason.NOT_FOUND, () -> pool.volumes().attach(ID, asked));
    assertRefused(Reason.NOT_FOUND, () -> pool.volumes().expand(ID, new SizeRange(40 * MIB, 0)));
  }

  @Test
  void aHalfMadeVolumesNameIsTaken() throws IOException {
    pool.create(ext4());
    VolumeRecord left = crashIn(State.CREATING);
    assertRefused(Reason.ALREADY_EXISTS, () -> pool.create(ext4().size(21 * MIB)));
    assertRefused(Reason.ALREADY_EXISTS, () -> pool.create(ext4().mkfsOptions("-q")));
    assertThat(pool.opened().find(ID)).contains(left);
  }

  @Test
  void aHalfMadeVolumeIsDeleted() throws IOException {
    pool.create(ext4());
    crashIn(State.CREATING);
    pool.volumes().delete(ID);
    assertGone();
  }

  @Test
  void aHalfDeletedVolumeIsServedToNobodyAndIsDeleted() throws IOException {
    pool.create(ext4());
    crashIn(State.DELETING);
    assertNotServed();
    pool.volumes().delete(ID);
    assertGone();
  }

  @Test
  void aHalfDeletedVolumeWithoutContentsIsDeleted() throws IOException {
    pool.create(ext4());
    Files.delete(image());
    Files.delete(pool.layout().directory(ID).resolve("use.lock"));
    crashIn(State.DELETING);
    pool.volumes().delete(ID);
    assertGone();
  }

  @Test
  void aHalfDeletedVolumesNameIsFree() throws IOException {
    pool.create(ext4());
    crashIn(State.DELETING);
    Volume other = pool.create(Asked.block("a").size(30 * MIB));
    assertThat(other.record().contents()).isEqualTo(Contents.BLOCK);
    assertThat(Superblock.read(image())).isEmpty();
    assertThat(pool.opened().promisedBytes()).isEqualTo(30 * MIB);
  }

  /** A crash after the record was removed, before its directory was. */
  @Test
  void aDirectoryWithNothingButLocksIsNoVolume() throws IOException {
    pool.create(ext4());
    Files.delete(image());
    Files.delete(pool.layout().directory(ID).resolve("volume.json"));
    Files.createFile(pool.layout().directory(ID).resolve("volume.json.tmp"));
    pool.restart();
    assertThat(pool.ids()).isEmpty();
    assertThat(pool.opened().promisedBytes()).isZero();
    pool.volumes().delete(ID);
    assertThat(pool.create(ext4()).record().state()).isEqualTo(State.READY);
  }

  @Test
  void dataWithoutARecordIsNeverTouched() throws IOException {
    pool.create(ext4());
    Files.delete(pool.layout().directory(ID).resolve("volume.json"));
    byte[] before = Files.readAllBytes(image());
    pool.restart();
    assertThat(pool.volumes().find(ID)).isEmpty();
    assertRefused(Reason.FAILED, () -> pool.create(ext4())).contains("without a record");
    pool.volumes().delete(ID);
    assertThat(Files.readAllBytes(image())).isEqualTo(before);
    assertThat(pool.opened().promisedBytes()).isZero();
  }

  @Test
  void aReadyVolumeIsNeverMadeAnew() throws IOException {
    pool.create(ext4());
    truncate(0);
    pool.restart();
    int commands = pool.host().commands().size();
    pool.create(ext4());
    assertThat(Files.size(image())).isZero();
    assertThat(pool.host().commands()).hasSize(commands);
  }

  /** A crash after the image had grown, before the record said so. */
  @Test
  void anExpansionGoesOn() throws IOException {
    pool.create(ext4());
    truncate(40 * MIB);
    pool.restart();
    VolumeRecord grown = pool.volumes().expand(ID, new SizeRange(40 * MIB, 0)).record();
    assertThat(grown.capacityBytes()).isEqualTo(40 * MIB);
    assertThat(Files.size(image())).isEqualTo(40 * MIB);
  }

  @Test
  void aRecordThatWasBeingReplacedIsTheOldOne() throws IOException {
    Volume made = pool.create(ext4());
    Files.writeString(pool.layout().directory(ID).resolve("volume.json.tmp"), "{\"half");
    pool.restart();
    assertThat(pool.volumes().find(ID)).contains(made);
    pool.volumes().detach(ID, Optional.empty());
    pool.volumes().delete(ID);
    assertGone();
  }

  @Test
  void aVolumeThatHasLostItsImageCantGrow() throws IOException {
    pool.create(ext4());
    Files.delete(image());
    assertRefused(Reason.FAILED, () -> pool.volumes().expand(ID, new SizeRange(40 * MIB, 0)))
        .contains("lost its image");
    assertThat(image()).doesNotExist();
  }

  private void assertGone() {
    assertThat(pool.layout().directory(ID)).doesNotExist();
    assertThat(pool.volumes().find(ID)).isEmpty();
    assertThat(pool.opened().promisedBytes()).isZero();
  }
}
