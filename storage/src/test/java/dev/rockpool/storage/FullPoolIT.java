package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.GIB;
import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumesFixture.Setup;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A pool that has promised more than its filesystem has, when the space runs out. */
@Timeout(60)
@ParameterizedClass
@MethodSource("mkfs")
final class FullPoolIT {
  private static final AccessMode ONE_NODE = AccessMode.SINGLE_NODE_MULTI_WRITER;
  private static final long MOST = 1L << 40;
  private static final List<String> VOLUMES = List.of("a", "b", "c", "d");
  private static final Host HOST = new ExecHost((_, _, _) -> {});

  @TempDir private Path directory;
  private final String mkfs;
  private PoolFilesystem filesystem;
  private PoolFixture pool;

  FullPoolIT(String mkfs) {
    this.mkfs = mkfs;
  }

  static Stream<String> mkfs() {
    return Stream.of("mkfs.xfs", "mkfs.ext4", "mkfs.btrfs");
  }

  @BeforeEach
  void open() throws IOException {
    filesystem = PoolFilesystem.make(directory, 1024, mkfs, "-q");
    pool = PoolFixture.local(filesystem.newDirectory(), new Setup(MOST, 1000, 0));
    assertThat(pool.available()).isGreaterThan(100 * GIB);
  }

  @AfterEach
  void close() throws IOException {
    try (PoolFilesystem _ = filesystem) {
      pool.close();
    }
  }

  @Test
  void aThickVolumeThatDoesNotFitLeavesNothing() throws IOException {
    long free = filesystem.freeBytes();
    assertRefused(Reason.EXHAUSTED, () -> pool.create(Asked.block("a").thick().size(4 * GIB)))
        .contains("No space left on device");
    assertGone("a");
    assertThat(filesystem.freeBytes()).isGreaterThan(free - 20 * MIB);
  }

  @Test
  void aVolumeFitsWhenRoomWasMade() throws IOException {
    Path filler = filesystem.fill(50 * MIB);
    assertRefused(Reason.EXHAUSTED, () -> pool.create(Asked.block("a").thick().size(200 * MIB)));
    Files.delete(filler);
    assertThat(pool.create(Asked.block("a").thick().size(200 * MIB)).id()).hasToString("a");
  }

  @ParameterizedTest
  @EnumSource(FsType.class)
  void aFilesystemThatDoesNotFitLeavesNothing(FsType type) throws IOException {
    Path filler = filesystem.fill();
    try {
      assertRefused(
          Reason.EXHAUSTED, () -> pool.create(Asked.filesystem("a", type).size(10 * GIB)));
      assertGone("a");
    } finally {
      Files.delete(filler);
    }
    assertThat(pool.create(Asked.filesystem("a", type).size(10 * GIB)).id()).hasToString("a");
  }

  @Test
  void aThickVolumeThatCantGrowStaysAsItWas() throws IOException {
    Volume made = pool.create(Asked.block("a").thick().size(100 * MIB));
    long free = filesystem.freeBytes();
    assertRefused(
        Reason.EXHAUSTED, () -> pool.volumes().expand(made.id(), new SizeRange(4 * GIB, 0)));
    assertThat(pool.volumes().find(made.id())).contains(made);
    assertThat(Files.size(pool.layout().image(made.id()))).isEqualTo(100 * MIB);
    assertThat(filesystem.freeBytes()).isGreaterThan(free - 20 * MIB);
    assertThat(pool.volumes().expand(made.id(), new SizeRange(200 * MIB, 0)).record())
        .extracting(VolumeRecord::capacityBytes)
        .isEqualTo(200 * MIB);
  }

  /** Else nobody could ever make room. */
  @Test
  void aVolumeOfAFullPoolCanBeDeleted() throws IOException {
    VolumeId id = pool.create(Asked.block("a").size(100 * MIB)).id();
    Path filler = filesystem.fill();
    try {
      pool.volumes().delete(id);
      assertGone("a");
    } finally {
      Files.delete(filler);
    }
  }

  /** Of several, one after the other, each by the room that is kept in reserve. */
  @Test
  void holdersOfVolumesOfAFullPoolCanBeTakenOff() throws IOException {
    Attachment asked = new Attachment(pool.nodes().getFirst(), ONE_NODE, Access.READ_WRITE);
    for (String name : VOLUMES) {
      var _ = pool.volumes().attach(pool.create(Asked.block(name).size(100 * MIB)).id(), asked);
    }
    Path filler = filesystem.fill();
    try {
      for (String name : VOLUMES) {
        VolumeId id = VolumeId.parse(name);
        pool.volumes().detach(id, Optional.empty());
        assertThat(pool.volumes().find(id).orElseThrow().record().attachments()).isEmpty();
        pool.volumes().delete(id);
        assertThat(pool.layout().directory(id)).doesNotExist();
      }
      assertThat(pool.opened().promisedBytes()).isZero();
    } finally {
      Files.delete(filler);
    }
  }

  /** Its volumes are to be deleted, and its driver may have to be started for that. */
  @Test
  void aFullPoolCanBeOpened() throws IOException {
    VolumeId id = pool.create(Asked.block("a").size(100 * MIB)).id();
    PoolLayout layout = pool.layout();
    Path filler = filesystem.fill();
    try {
      pool.closeAll();
      PoolSpec spec = new PoolSpec(PoolFixture.POOL, layout.root(), Long.MAX_VALUE, 1);
      try (Pools pools = Pools.open(List.of(spec), pool.nodes().getFirst(), 0)) {
        new PoolVolumes(() -> pools, HOST).delete(id);
      }
      assertThat(layout.directory(id)).doesNotExist();
    } finally {
      Files.delete(filler);
    }
  }

  @Test
  void withoutOvercommitmentWhatOthersUseIsNotPromised() throws IOException {
    try (PoolFixture exact =
        PoolFixture.local(filesystem.newDirectory(), new Setup(Long.MAX_VALUE, 1, 0))) {
      exact.create(Asked.block("a").thick().size(100 * MIB));
      assertThat(exact.available()).isEqualTo(filesystem.freeBytes());
      exact.create(Asked.block("b").size(300 * MIB));
      long left = exact.available();
      assertThat(left).isLessThanOrEqualTo(filesystem.freeBytes());
      Path filler = filesystem.fill(50 * MIB);
      assertThat(exact.available()).isLessThanOrEqualTo(60 * MIB);
      assertRefused(Reason.EXHAUSTED, () -> exact.create(Asked.block("c").size(100 * MIB)));
      Files.delete(filler);
      // btrfs gives space back with its next transaction only.
      filesystem.sync();
      assertThat(exact.available()).isBetween(left - 20 * MIB, left);
    }
  }

  private void assertGone(String name) {
    VolumeId id = VolumeId.parse(name);
    assertThat(pool.volumes().find(id)).isEmpty();
    assertThat(pool.layout().directory(id)).doesNotExist();
    assertThat(pool.opened().promisedBytes()).isZero();
  }
}
