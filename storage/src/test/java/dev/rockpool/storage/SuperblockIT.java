package dev.rockpool.storage;

import static dev.rockpool.storage.Asked.MIB;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Superblocks as real mkfs programs write them. */
final class SuperblockIT {
  private static final Host HOST = new ExecHost((program, succeeded, took) -> {});

  @TempDir private Path directory;
  private Path image;

  @BeforeEach
  void chooseImage() {
    image = directory.resolve("image");
  }

  private void sizeImage(long bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "EXT4, 16, mkfs.ext4 -q",
    "EXT4, 16, mkfs.ext4 -q -b 4096",
    "EXT4, 16, mkfs.ext4 -q -b 1024",
    "EXT4, 64, mkfs.ext4 -q -O ^64bit",
    "EXT4, 1024, mkfs.ext4 -q",
    "XFS, 300, mkfs.xfs -q",
    "XFS, 512, mkfs.xfs -q -s size=4096",
    "XFS, 512, mkfs.xfs -q -b size=1024",
    "XFS, 2097152, mkfs.xfs -q -l size=64m",
    "BTRFS, 256, mkfs.btrfs -q",
    "BTRFS, 8388608, mkfs.btrfs -q",
  })
  void aFilesystemIsKnownWithItsSize(FsType type, long mebibytes, String mkfs) throws IOException {
    sizeImage(mebibytes * MIB);
    HOST.run(Command.of(mkfs.split(" ", -1)).with(image.toString()));
    assertThat(Superblock.read(image)).contains(new Superblock(type, mebibytes * MIB));
  }

  @ParameterizedTest
  @CsvSource({"7, 128, 2147500032", "336, 3, 12884918272"})
  void anExt4MayHaveMoreBlocksThanAnIntCanSay(int offset, int digit, long blocks)
      throws IOException {
    sizeImage(MIB * 64);
    HOST.run(Command.of("mkfs.ext4", "-q", "-b", "4096", image.toString()));
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(1024 + offset);
      file.write(digit);
    }
    assertThat(Superblock.read(image)).contains(new Superblock(FsType.EXT4, blocks * 4096));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 1023, 1082, 65536, 65600, 1 << 20})
  void zeroesAreNoFilesystem(long bytes) throws IOException {
    sizeImage(bytes);
    assertThat(Superblock.read(image)).isEmpty();
  }

  @Test
  void otherDataIsNoFilesystem() throws IOException {
    Files.write(image, "all work and no play ".repeat(10_000).getBytes(US_ASCII));
    assertThat(Superblock.read(image)).isEmpty();
  }

  @Test
  void anotherFilesystemIsNoneOfOurs() throws IOException {
    sizeImage(MIB);
    HOST.run(Command.of("mkswap", image.toString()));
    assertThat(Superblock.read(image)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "1048576, 1048576, false",
    "1048576, 1048575, false",
    "1048576, 1052671, false",
    "1048576, 1052672, true",
    "1048576, 524288, false",
  })
  void aFilesystemGrowsByWholeBlocks(long bytes, long device, boolean grows) {
    assertThat(new Superblock(FsType.EXT4, bytes).growsTo(device)).isEqualTo(grows);
  }

  /** A filesystem that is as large as it gets must not be grown again at each mount. */
  @ParameterizedTest
  @CsvSource({
    "mkfs.ext4 -q -b 4096, 104861696",
    "mkfs.ext4 -q -b 1024, 104858112",
    "mkfs.xfs -q -s size=4096, 419434496",
    "mkfs.btrfs -q, 419434496",
  })
  void aFilesystemOfAnOddSizeIsAsLargeAsItGets(String mkfs, long bytes) throws IOException {
    sizeImage(bytes);
    HOST.run(Command.of(mkfs.split(" ", -1)).with(image.toString()));
    assertThat(Superblock.read(image).orElseThrow().growsTo(bytes)).isFalse();
  }
}
