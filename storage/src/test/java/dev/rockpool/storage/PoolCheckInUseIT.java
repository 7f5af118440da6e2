package dev.rockpool.storage;

import static dev.rockpool.storage.CheckedPool.BEFORE;
import static dev.rockpool.storage.CheckedPool.BYTES;
import static dev.rockpool.storage.CheckedPool.DATA;
import static dev.rockpool.storage.CheckedPool.HOST;
import static dev.rockpool.storage.CheckedPool.NODE;
import static dev.rockpool.storage.CheckedPool.RAW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Checks of a pool that a driver has open: its calls are no findings, what nobody does is. */
@Timeout(240)
final class PoolCheckInUseIT {
  private static final int PAUSE_MILLIS = 500;
  private static final long SLOW_BYTES_PER_SECOND = 8 << 20;

  @TempDir private static Path directory;
  private static PoolFilesystem xfs;
  private static PoolFilesystem ext4;
  private static OtherNode other;

  private Optional<CheckedPool> pool = Optional.empty();

  @BeforeAll
  static void makeFilesystems() throws IOException {
    xfs = PoolFilesystem.xfs(Files.createDirectory(directory.resolve("xfs")));
    ext4 =
        PoolFilesystem.make(
            Files.createDirectory(directory.resolve("ext4")), 4 << 10, "mkfs.ext4", "-q", "-F");
    other = new OtherNode();
  }

  @AfterAll
  static void removeFilesystems() throws IOException {
    other.close();
    xfs.close();
    ext4.close();
  }

  @AfterEach
  void close() {
    pool.ifPresent(CheckedPool::close);
  }

  private CheckedPool open(PoolFilesystem filesystem, PoolKind kind) throws IOException {
    CheckedPool made =
        filesystem == ext4
            ? CheckedPool.make(filesystem.newDirectory(), kind)
            : CheckedPool.full(filesystem.newDirectory(), kind);
    pool = Optional.of(made);
    made.open();
    return made;
  }

  /** What this process finds, and another one. */
  private static void assertFound(CheckedPool pool, String... ids) {
    assertThat(pool.ids()).as("from within").containsExactlyInAnyOrder(ids);
    String found = other.tell("check", pool.layout.root(), PAUSE_MILLIS);
    assertThat(found).as("from another process").isEqualTo(List.of(ids).toString());
  }

  @ParameterizedTest
  @EnumSource(PoolKind.class)
  void aVolumeThatIsBeingMade(PoolKind kind) throws Exception {
    CheckedPool made = open(xfs, kind);
    HoldableHost host = new HoldableHost();
    PoolVolumes volumes = new PoolVolumes(() -> pools(made), host);
    try (HoldableHost.Hold mkfs = host.hold("mkfs.ext4")) {
      Future<Volume> creating =
          CompletableFuture.supplyAsync(
              () -> volumes.create(Asked.filesystem("new", FsType.EXT4).build()));
      mkfs.awaitReached();
      assertFound(made);
      mkfs.release();
      assertThat(creating.get().record().state()).isEqualTo(VolumeRecord.State.READY);
    }
    assertFound(made);
  }

  private static Pools pools(CheckedPool made) {
    return made.pools();
  }

  @Test
  void aVolumeThatNobodyMakes() throws IOException {
    CheckedPool made = open(xfs, PoolKind.LOCAL);
    made.changeVolume(RAW, record -> record.withState(VolumeRecord.State.CREATING));
    assertFound(made, "volumes/raw: creating-interrupted");
  }

  @Test
  void aVolumeThatGrows() throws IOException {
    CheckedPool made = open(xfs, PoolKind.LOCAL);
    try (Pool.UseLock _ = made.opened().growing(RAW);
        RandomAccessFile image =
            new RandomAccessFile(made.path("volumes/raw/disk.img").toFile(), "rw")) {
      image.setLength(2 * BYTES);
      assertFound(made);
    }
    assertFound(made, "volumes/raw: data-too-long");
  }

  @Test
  void aVolumeIsLockedWhileItGrows() throws Exception {
    CheckedPool made = open(xfs, PoolKind.LOCAL);
    HoldableHost host = new HoldableHost();
    PoolVolumes volumes = new PoolVolumes(() -> pools(made), host);
    var _ = volumes.create(Asked.block("thick").size(BYTES).thick().build());
    try (HoldableHost.Hold fallocate = host.hold("fallocate")) {
      VolumeId id = VolumeId.parse("thick");
      Future<Volume> growing =
          CompletableFuture.supplyAsync(() -> volumes.expand(id, new SizeRange(2 * BYTES, 0)));
      fallocate.awaitReached();
      assertThat(PoolLook.isHeld(made.path("volumes/thick/grow.lock"))).isTrue();
      fallocate.release();
      assertThat(growing.get().record().capacityBytes()).isEqualTo(2 * BYTES);
    }
    assertFound(made);
  }

  @Test
  void aSnapshotThatIsBeingCopied() throws IOException {
    CheckedPool made = open(ext4, PoolKind.LOCAL);
    var _ = made.volumes().create(Asked.block("data").size(4 * BYTES).build());
    try (RandomAccessFile image =
        new RandomAccessFile(made.path("volumes/data/disk.img").toFile(), "rw")) {
      image.write(new byte[(int) (2 * BYTES)]);
    }
    try (PoolSnapshots slow =
        new PoolSnapshots(
            () -> pools(made), HOST, new VolumeLocks(), new CopyRate(SLOW_BYTES_PER_SECOND))) {
      assertThat(slow.create("before", DATA).record().ready()).isFalse();
      assertFound(made);
    }
    assertFound(made, "snapshots/before: copying-interrupted");
    var _ = made.snapshots().create("before", DATA);
    await().until(() -> made.snapshots().find(BEFORE).orElseThrow().record().ready());
    assertFound(made);
  }

  @Test
  void aSnapshotIsLockedWhileItIsTaken() throws IOException {
    CheckedPool made = open(xfs, PoolKind.LOCAL);
    made.changeSnapshot(BEFORE, record -> record.withState(SnapshotRecord.State.CREATING));
    try (Pool.UseLock _ = made.opened().use(BEFORE, false).orElseThrow()) {
      assertFound(made);
    }
    assertFound(made, "snapshots/before: creating-interrupted");
  }

  @Test
  void aGroupIsLockedWhileItIsTakenOrRemoved() throws IOException {
    CheckedPool made = open(xfs, PoolKind.LOCAL);
    made.changeGroup(group -> group.withState(GroupRecord.State.DELETING, group.createdAt()));
    try (Pool.UseLock _ = made.opened().work(CheckedPool.GROUP)) {
      assertFound(made);
    }
    assertFound(made, "groups/both: deleting-interrupted");
  }

  /** A directory is made before its lock and its record are. */
  @ParameterizedTest
  @CsvSource({"1, true", "90, false"})
  void aDirectoryThatHasJustBeenMadeMayGetItsRecord(int secondsAgo, boolean inFlight)
      throws IOException {
    CheckedPool made = open(xfs, PoolKind.SHARED);
    Path fresh = Files.createDirectory(made.path("volumes/fresh"), AtomicFiles.OWNER_DIRECTORY);
    Files.setLastModifiedTime(fresh, FileTime.from(Instant.now().minusSeconds(secondsAgo)));
    assertFound(
        made, inFlight ? new String[0] : new String[] {"volumes/fresh: directory-without-record"});
  }

  @Test
  void theRecordOfAVolumeThatIsBeingWritten() throws IOException {
    CheckedPool made = open(xfs, PoolKind.LOCAL);
    Path temporary = made.path("volumes/raw/volume.json.tmp");
    Files.createFile(temporary, AtomicFiles.OWNER_FILE);
    Files.setLastModifiedTime(temporary, FileTime.from(Instant.now().minusSeconds(90)));
    try (var _ = FileLocks.await(made.path("volumes/raw/record.lock"))) {
      assertFound(made);
    }
    assertFound(made, "volumes/raw/volume.json.tmp: temporary-file");
  }

  @Test
  void whatIsInUseIsNotDeletedButThenIs() throws IOException {
    CheckedPool made = open(xfs, PoolKind.LOCAL);
    String id = "volumes/raw: data-missing";
    Files.delete(made.path("volumes/raw/disk.img"));
    try (Pool.UseLock _ = made.opened().sole(RAW).orElseThrow()) {
      assertThat(made.repair(id).left())
          .singleElement()
          .satisfies(left -> assertThat(left.refused()).contains("in use"));
    }
    assertThat(made.repair(id).left()).isEmpty();
    assertThat(made.volumes().find(RAW)).isEmpty();
    assertThat(made.volumes().create(Asked.block("raw").size(BYTES).build()).record().state())
        .isEqualTo(VolumeRecord.State.READY);
  }

  @ParameterizedTest
  @CsvSource({"LOCAL, false", "SHARED, false", "LOCAL, true"})
  void nothingIsFoundBesideABusyDriver(PoolKind kind, boolean copying) throws Exception {
    long seed = new Random().nextLong();
    CheckedPool made = open(copying ? ext4 : xfs, kind);
    AtomicBoolean ended = new AtomicBoolean();
    AtomicInteger calls = new AtomicInteger();
    int checks = 0;
    List<Future<?>> clients = new ArrayList<>();
    VolumeLocks locks = new VolumeLocks();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        PoolSnapshots snapshots =
            new PoolSnapshots(() -> pools(made), HOST, locks, CopyRate.UNBOUNDED)) {
      PoolVolumes volumes =
          new PoolVolumes(() -> pools(made), HOST, locks, CopyRate.UNBOUNDED, _ -> {});
      for (int i = 0; i < 4; i++) {
        Random random = new Random(seed + i);
        clients.add(
            threads.submit(() -> {
              while (!ended.get()) {
                callAtRandom(volumes, snapshots, random, copying);
                calls.incrementAndGet();
              }
            }));
      }
      try {
        long end = System.nanoTime() + 12_000_000_000L;
        while (System.nanoTime() < end) {
          assertThat(other.tell("check", made.layout.root(), PAUSE_MILLIS))
              .as("seed %d, from another process", seed)
              .isEqualTo("[]");
          assertThat(made.ids()).as("seed %d, from within", seed).isEmpty();
          checks++;
        }
      } finally {
        ended.set(true);
      }
      for (Future<?> client : clients) {
        client.get();
      }
      assertThat(calls.get()).as("seed %d", seed).isGreaterThan(20);
      await().until(() -> allReady(snapshots));
    }
    assertThat(made.ids()).as("seed %d, at rest", seed).isEmpty();
    System.out.printf("checked %d times beside %d calls, seed %d%n", checks, calls.get(), seed);
  }

  /** Whether no copy is under way. */
  private static boolean allReady(PoolSnapshots snapshots) {
    return snapshots.list(Optional.empty(), 1000, Optional.empty()).stream()
        .allMatch(snapshot -> snapshot.record().ready());
  }

  /** One call on one of a few volumes; what is refused is refused. */
  private static void callAtRandom(
      PoolVolumes volumes, PoolSnapshots snapshots, Random random, boolean copying) {
    String name = "vol-" + random.nextInt(4);
    VolumeId id = VolumeId.parse(name);
    String snapshot = "snap-" + random.nextInt(4);
    try {
      switch (random.nextInt(copying ? 8 : 10)) {
        case 0, 1 -> {
          Asked asked =
              random.nextBoolean() ? Asked.block(name) : Asked.filesystem(name, FsType.EXT4);
          var _ = volumes.create(asked.size(BYTES, 1 << 30).build());
        }
        case 2 -> volumes.delete(id);
        case 3 -> {
          var _ =
              volumes.attach(
                  id, new Attachment(NODE, AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE));
        }
        case 4 -> volumes.detach(id, Optional.of(NODE));
        case 5 -> {
          var _ = volumes.expand(id, new SizeRange(BYTES + (random.nextInt(8) << 20), 0));
        }
        case 6 -> {
          var _ = snapshots.create(snapshot, id);
        }
        case 7 -> snapshots.delete(SnapshotId.parse(snapshot));
        case 8 -> {
          var _ =
              snapshots.createGroup(
                  "group", List.of(VolumeId.parse("vol-0"), VolumeId.parse("vol-1")));
        }
        default -> snapshots.deleteGroup(GroupId.parse("group"));
      }
    } catch (StorageException e) {
      boolean expected =
          switch (e.reason()) {
            case BUSY, NOT_FOUND, PRECONDITION, ALREADY_EXISTS, OUT_OF_RANGE, EXHAUSTED -> true;
            default -> false;
          };
      if (!expected) {
        throw e;
      }
    }
  }
}
