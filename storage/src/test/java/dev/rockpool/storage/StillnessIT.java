package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Volumes that are held still, with a mounted filesystem in one of them. */
final class StillnessIT {
  private static final Host HOST = new ExecHost((_, _, _) -> {});
  private static final Duration LIMIT = Duration.ofMillis(300);

  @TempDir private Path directory;
  private PoolFilesystem filesystem;
  private Pools pools;
  private Path mountPoint;
  private final VolumeLocks locks = new VolumeLocks();
  private final LoopDevices loops = new LoopDevices(HOST);
  private final Stillness stillness = new Stillness(loops, locks.uses(), LIMIT);

  @BeforeEach
  void openAndMount() throws IOException {
    filesystem = PoolFilesystem.xfs(directory);
    PoolSpec spec = PoolSpec.parse("default=" + filesystem.newDirectory());
    PoolDirectory.init(spec.name(), spec.directory(), PoolKind.LOCAL);
    pools = Pools.open(List.of(spec), NodeId.parse("node"), 0);
    var _ =
        new PoolVolumes(() -> pools, HOST)
            .create(
                new NewVolume(
                    "vol",
                    new SizeRange(32 << 20, 0),
                    false,
                    Optional.empty(),
                    Set.of(AccessMode.SINGLE_NODE_WRITER),
                    Optional.empty(),
                    Allocation.THIN,
                    DiskConflict.NODE,
                    List.of(),
                    List.of()));
    mountPoint = Files.createDirectory(directory.resolve("mounted"));
    LoopDevice device = loops.attach(volume().pool().image(volume().record().id()), false, 512);
    HOST.run(Command.of("mount", device.toString(), mountPoint.toString()));
    loops.detach(device);
  }

  @AfterEach
  void unmountAndClose() throws IOException {
    HOST.run(Command.of("umount", mountPoint.toString()));
    pools.close();
    filesystem.close();
  }

  private Pools.Found volume() {
    return pools.find(VolumeId.parse("vol")).orElseThrow();
  }

  @Test
  void whoWritesWaitsUntilItIsThawed() throws Exception {
    Thread writer;
    try (Stillness.Held held = stillness.hold(List.of(volume()))) {
      assertThat(held.inUse()).isTrue();
      held.freeze();
      writer = Thread.ofPlatform().start(this::write);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
      assertThat(mountPoint.resolve("file")).doesNotExist();
      held.thaw();
    }
    writer.join();
    assertThat(mountPoint.resolve("file")).exists();
  }

  private void write() {
    try {
      Files.writeString(mountPoint.resolve("file"), "content");
    } catch (IOException e) {
      throw StorageException.of("write", e);
    }
  }

  @Test
  void afterTheLimitItIsThawedWhateverHolds() throws Exception {
    try (Stillness.Held held = stillness.hold(List.of(volume()))) {
      held.freeze();
      // This returns when the time limit has thawed it.
      write();
      assertThat(held.isLate()).isTrue();
      assertThatThrownBy(held::thaw).hasMessageContaining("could not be held still");
    }
    write();
  }

  @Test
  void whoFailsMeanwhileThawsIt() throws Exception {
    try (Stillness.Held held = stillness.hold(List.of(volume()))) {
      held.freeze();
    }
    write();
    assertThat(locks.uses().tryLock(VolumeId.parse("vol"))).isPresent();
  }

  @Test
  void whatIsBeingStagedIsNotHeld() {
    try (var _ = locks.uses().lock(VolumeId.parse("vol"))) {
      assertThatThrownBy(() -> stillness.hold(List.of(volume())))
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.reason()).isEqualTo(StorageException.Reason.BUSY));
    }
  }
}
