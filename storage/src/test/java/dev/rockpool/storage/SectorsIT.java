package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pools on disks of sectors of 4096 bytes, where direct I/O is possible in such sectors only. */
@Timeout(60)
final class SectorsIT {
  @TempDir private Path directory;
  @TempDir private Path mountPoint;
  private PoolFilesystem filesystem;
  private PoolFixture pool;

  @BeforeEach
  void open() throws IOException {
    filesystem = PoolFilesystem.make(directory, 1024, 4096, "mkfs.ext4", "-q", "-b", "4096");
    pool = PoolFixture.local(filesystem.newDirectory());
  }

  @AfterEach
  void close() throws IOException {
    try (PoolFilesystem _ = filesystem) {
      pool.close();
    }
  }

  @ParameterizedTest
  @EnumSource(FsType.class)
  void aFilesystemMountsOnADeviceOfThePoolsSectors(FsType type) throws IOException {
    VolumeRecord made = pool.create(Asked.filesystem("a", type).size(1)).record();
    assertThat(made.sectorBytes()).isEqualTo(4096);
    LoopDevices devices = new LoopDevices(pool.host());
    LoopDevice device = devices.attach(pool.layout().image(made.id()), false, made.sectorBytes());
    try {
      pool.host().run(Command.of("mount", "" + device, "" + mountPoint));
      Files.writeString(mountPoint.resolve("file"), "written");
      pool.host().run(Command.of("umount", "" + mountPoint));
    } finally {
      devices.detach(device);
    }
  }

  @Test
  void sizesAreMultiplesOfThem() {
    assertThat(pool.create(Asked.block("a").size(16_777_217)).record().capacityBytes())
        .isEqualTo(16_777_216 + 4096);
    assertThat(
            pool.volumes()
                .expand(VolumeId.parse("a"), new SizeRange(20_000_000, 0))
                .record()
                .capacityBytes())
        .isEqualTo(20_000_768);
  }

  @Test
  void thePoolKnowsWhatItIsOn() {
    assertThat(pool.opened().filesystem()).isEqualTo("ext4");
    assertThat(pool.opened().sectorBytes()).isEqualTo(4096);
  }
}
