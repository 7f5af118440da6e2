package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.GIB;
import static dev.rockpool.storage.Asked.MIB;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a volume consists of after it was made: real images, with filesystems that are mounted. */
@Timeout(60)
final class FormattingIT {
  private static PoolFilesystem filesystem;

  @TempDir private Path directory;
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

  @ParameterizedTest
  @EnumSource(FsType.class)
  void theSmallestFilesystemIsOneAndGrows(FsType type) throws IOException {
    Volume made = pool.create(Asked.filesystem("a", type).size(1));
    assertThat(Files.size(image(made))).isEqualTo(type.minimumBytes());
    assertThat(Superblock.read(image(made)).orElseThrow().bytes())
        .isBetween(type.minimumBytes() * 9 / 10, type.minimumBytes());
    long before = usableBytes(made);
    pool.volumes().expand(made.id(), new SizeRange(400 * MIB, 0));
    assertThat(Files.size(image(made))).isEqualTo(400 * MIB);
    assertThat(Superblock.read(image(made)).orElseThrow().growsTo(400 * MIB)).isTrue();
    grow(type, made);
    assertThat(usableBytes(made)).isGreaterThan(before + 50 * MIB);
  }

  @ParameterizedTest
  @EnumSource(FsType.class)
  void aFilesystemFillsItsVolume(FsType type) throws IOException {
    Volume made = pool.create(Asked.filesystem("a", type).size(GIB));
    Superblock superblock = Superblock.read(image(made)).orElseThrow();
    assertThat(superblock).isEqualTo(new Superblock(type, GIB));
    assertThat(superblock.growsTo(GIB)).isFalse();
    assertThat(usableBytes(made)).isGreaterThan(GIB * 8 / 10);
  }

  @Test
  void theSmallestExt4HasAJournal() {
    Volume made = pool.create(Asked.filesystem("a", FsType.EXT4).size(1));
    assertThat(run("dumpe2fs", "-h", "" + image(made))).contains("has_journal");
  }

  @ParameterizedTest
  @EnumSource(FsType.class)
  void aThinImageTakesLittle(FsType type) throws IOException {
    Volume made = pool.create(Asked.filesystem("a", type).size(GIB));
    assertThat(allocatedBytes(image(made))).isLessThan(100 * MIB);
  }

  @ParameterizedTest
  @CsvSource({
    "EXT4, -q",
    "EXT4, '-E,lazy_itable_init=0'",
    "EXT4, '-E,discard'",
    "XFS, -q",
    "BTRFS, -q"
  })
  void aThickImageIsAllocatedWhole(FsType type, String options) throws IOException {
    Volume made =
        pool.create(
            Asked.filesystem("a", type).size(GIB).thick().mkfsOptions(options.split(",", -1)));
    assertThat(allocatedBytes(image(made))).isGreaterThanOrEqualTo(GIB);
    pool.volumes().expand(made.id(), new SizeRange(GIB + 100 * MIB, 0));
    assertThat(allocatedBytes(image(made))).isGreaterThanOrEqualTo(GIB + 100 * MIB);
    assertThat(Files.size(image(made))).isEqualTo(GIB + 100 * MIB);
  }

  @Test
  void aRawBlockVolumeIsZeroesOrAllocated() throws IOException {
    assertThat(allocatedBytes(image(pool.create(Asked.block("a").size(GIB))))).isZero();
    assertThat(allocatedBytes(image(pool.create(Asked.block("b").thick().size(GIB)))))
        .isGreaterThanOrEqualTo(GIB);
    assertThat(pool.host().commands()).noneMatch(command -> command.startsWith("mkfs"));
  }

  @Test
  void onlyTheOwnerReachesAnImage() throws IOException {
    Path image = image(pool.create(Asked.block("a")));
    assertThat(permissions(image)).isEqualTo("rw-------");
    assertThat(permissions(pool.layout().directory(VolumeId.parse("a")))).isEqualTo("rwx------");
    assertThat(permissions(pool.layout().directory(VolumeId.parse("a")).resolve("volume.json")))
        .isEqualTo("rw-------");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @ParameterizedTest
  @CsvSource({"EXT4, -L", "XFS, -L", "BTRFS, -L"})
  void mkfsGetsTheUsersOptions(FsType type, String option) {
    Volume made = pool.create(Asked.filesystem("a", type).size(1).mkfsOptions(option, "my disk"));
    assertThat(run("blkid", "-p", "-s", "LABEL", "-o", "value", "" + image(made)).strip())
        .isEqualTo("my disk");
  }

  @Test
  void theUsersOptionsWin() {
    Volume made = pool.create(Asked.filesystem("a", FsType.EXT4).mkfsOptions("-m", "7"));
    // 16 MiB has 16384 blocks of 1 KiB, or 4096 of 4 KiB.
    assertThat(run("dumpe2fs", "-h", "" + image(made)))
        .containsPattern("Reserved block count: +(1146|286)\n");
  }

  @ParameterizedTest
  @CsvSource({
    "EXT4, --no-such-option",
    "EXT4, '-b,3'",
    "EXT4, -n",
    "XFS, --no-such-option",
    "XFS, -N",
    "BTRFS, --no-such-option",
    "BTRFS, '-n,7'",
    "EXT4, -V",
    "XFS, -V",
    "BTRFS, --version",
    "EXT4, '-d,etc'",
    "BTRFS, '--rootdir,etc'",
  })
  void optionsThatMakeNoFilesystemAreRefusedAndLeaveNothing(FsType type, String options)
      throws IOException {
    assertRefused(
            Reason.INVALID,
            () ->
                pool.create(
                    Asked.filesystem("a", type).size(1).mkfsOptions(options.split(",", -1))))
        .contains("mkfsOptions")
        .contains("mkfs." + type.label());
    assertThat(pool.layout().directory(VolumeId.parse("a"))).doesNotExist();
    assertThat(pool.opened().promisedBytes()).isZero();
    assertThat(pool.create(Asked.filesystem("a", type).size(1)).id()).hasToString("a");
  }

  @ParameterizedTest
  @CsvSource({
    "EXT4, '-d,/etc'",
    "XFS, '-p,/etc/passwd'",
    "BTRFS, '--rootdir,/etc'",
    // The directory of all volumes, and disks of the machine.
    "EXT4, '-d,..'",
    "EXT4, -qd..",
    "EXT4, '-J,device=UUID=01234567-89ab-cdef-0123-456789abcdef'",
    "EXT4, 'LABEL=root'",
    "BTRFS, --rootdir=..",
  })
  void pathsAreRefusedBeforeAnythingIsMade(FsType type, String options) {
    assertRefused(
            Reason.INVALID,
            () ->
                pool.create(
                    Asked.filesystem("a", type).size(1).mkfsOptions(options.split(",", -1))))
        .contains("mkfsOptions")
        .contains("paths");
    assertThat(pool.layout().directory(VolumeId.parse("a"))).doesNotExist();
  }

  private Path image(Volume volume) {
    return pool.layout().image(volume.id());
  }

  private long allocatedBytes(Path image) throws IOException {
    return Long.parseLong(run("stat", "--format=%b", image.toString()).strip()) * 512;
  }

  private String run(String... command) {
    return pool.host().run(Command.of(command));
  }

  /** Mounts the filesystem, writes to it, and tells how much more it can take. */
  private long usableBytes(Volume volume) throws IOException {
    run("mount", "-o", "loop", "" + image(volume), "" + directory);
    try {
      Files.writeString(directory.resolve("file"), "written");
      return Files.getFileStore(directory).getUsableSpace();
    } finally {
      run("umount", "" + directory);
    }
  }

  private void grow(FsType type, Volume volume) throws IOException {
    if (type == FsType.EXT4) {
      // Grown mounted it needs a capability in the kernel that not every machine gives.
      pool.host().run(Command.of("e2fsck", "-f", "-p", "" + image(volume)));
      pool.host().run(Command.of("resize2fs", "" + image(volume)));
      return;
    }
    LoopDevices devices = new LoopDevices(pool.host());
    LoopDevice device = devices.attach(image(volume), false, 512);
    try {
      run("mount", "" + device, "" + directory);
      try {
        List<String> command = type.growMounted(device.path(), directory);
        pool.host().run(Command.of(command));
      } finally {
        run("umount", "" + directory);
      }
    } finally {
      devices.detach(device);
    }
    await().until(() -> devices.of(image(volume)).isEmpty());
  }
}
