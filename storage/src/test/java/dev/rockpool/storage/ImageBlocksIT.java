package dev.rockpool.storage;

import static dev.rockpool.storage.ScriptedImage.BLOCK;
import static dev.rockpool.storage.ScriptedImage.allocated;
import static dev.rockpool.storage.ScriptedImage.changed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a filesystem knows about images, told exactly. */
@Timeout(180)
final class ImageBlocksIT {
  private static final Host HOST = new ExecHost((_, _, _) -> {});
  private static final long GIB = 1L << 30;

  @TempDir private static Path xfsPlace;
  @TempDir private static Path btrfsPlace;
  @TempDir private Path other;
  private static PoolFilesystem xfs;
  private static PoolFilesystem btrfs;

  enum Kind {
    XFS,
    BTRFS;

    Path newDirectory() throws IOException {
      return switch (this) {
        case XFS -> xfs.newDirectory();
        case BTRFS -> btrfs.newDirectory();
      };
    }
  }

  @BeforeAll
  static void mount() throws IOException {
    xfs = PoolFilesystem.xfs(xfsPlace);
    btrfs = PoolFilesystem.make(btrfsPlace, 4 << 10, "mkfs.btrfs", "-q");
  }

  @AfterAll
  static void unmount() throws IOException {
    try (PoolFilesystem _ = xfs;
        PoolFilesystem _ = btrfs) {}
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void exactlyTheBlocksThatWereWrittenHaveChanged(Kind kind) throws IOException {
    try (ScriptedImage image = new ScriptedImage(kind.newDirectory(), 64 << 20, 1)) {
      image.write(0, 64 << 20);
      Path base = image.snapshot();
      assertThat(allocated(base)).containsExactly(new BlockRange(0, 64 << 20));
      assertThat(changed(base, image.snapshot())).isEmpty();

      BitSet written = new BitSet();
      Random random = new Random(2);
      for (int i = 0; i < 200; i++) {
        int block = random.nextInt((64 << 20) / BLOCK);
        written.set(block);
        image.write((long) block * BLOCK, BLOCK);
      }
      assertThat(changed(base, image.snapshot())).isEqualTo(ranges(written));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whatWasMadeAHoleHasChangedAndWhatWasOnlyReservedHasNot(Kind kind) throws IOException {
    try (ScriptedImage image = new ScriptedImage(kind.newDirectory(), 16 << 20, 3)) {
      image.write(0, 1 << 20);
      Path base = image.snapshot();
      fallocate(image, "--punch-hole", BLOCK, BLOCK);
      fallocate(image, "--zero-range", 4 * BLOCK, 2 * BLOCK);
      fallocate(image, "--keep-size", 8 << 20, 1 << 20);
      Path target = image.snapshot();

      assertThat(changed(base, target))
          .containsExactly(new BlockRange(BLOCK, BLOCK), new BlockRange(4 * BLOCK, 2 * BLOCK));
      assertThat(allocated(target))
          .containsExactly(
              new BlockRange(0, BLOCK),
              new BlockRange(2 * BLOCK, 2 * BLOCK),
              new BlockRange(6 * BLOCK, (1 << 20) - 6 * BLOCK));
      assertThat(allocated(image.path())).isEqualTo(allocated(target));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void ofWhatAnImageHasGrownByOnlyWhatWasWrittenHasChanged(Kind kind) throws IOException {
    try (ScriptedImage image = new ScriptedImage(kind.newDirectory(), 1 << 20, 4)) {
      image.write(0, 1 << 20);
      Path base = image.snapshot();
      image.grow(100 * GIB);
      image.write(50 * GIB, BLOCK);
      Path target = image.snapshot();

      List<BlockRange> written = List.of(new BlockRange(50 * GIB, BLOCK));
      assertThat(ScriptedImage.all(from -> ImageBlocks.changed(base, target, from), 0))
          .isEqualTo(written);
      assertThat(changed(/* base= */ target, /* target= */ base)).isEmpty();
      assertThat(ImageBlocks.changed(base, target, 100 * GIB))
          .isEqualTo(new BlockPage(100 * GIB, List.of(), 100 * GIB));
      assertThat(ImageBlocks.allocated(target, 100 * GIB))
          .isEqualTo(new BlockPage(100 * GIB, List.of(), 100 * GIB));
      assertThat(ImageBlocks.changed(base, target, 50 * GIB + 1).ranges())
          .containsExactly(new BlockRange(50 * GIB + 1, BLOCK - 1));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whatHasNotReachedTheDiskCounts(Kind kind) throws IOException {
    try (ScriptedImage image = new ScriptedImage(kind.newDirectory(), 1 << 20, 5)) {
      image.write(0, 1 << 20);
      Path base = image.snapshot();
      image.write(2 * BLOCK, BLOCK);
      assertThat(changed(base, image.path())).containsExactly(new BlockRange(2 * BLOCK, BLOCK));
      image.write(0, BLOCK);
      assertThat(allocated(image.path())).containsExactly(new BlockRange(0, 1 << 20));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void anOffsetOutsideOfTheSnapshotIsOutOfRange(Kind kind) throws IOException {
    try (ScriptedImage image = new ScriptedImage(kind.newDirectory(), 1 << 20, 6)) {
      Path snapshot = image.snapshot();
      for (long offset : new long[] {-1, (1 << 20) + 1, Long.MIN_VALUE, Long.MAX_VALUE}) {
        assertRefused(Reason.OUT_OF_RANGE, () -> ImageBlocks.allocated(snapshot, offset));
        assertRefused(Reason.OUT_OF_RANGE, () -> ImageBlocks.changed(snapshot, snapshot, offset));
      }
    }
  }

  /** Of every part of a compressed extent it gives the address of the extent. */
  @Test
  void nothingIsMissedWithinWhatBtrfsCompresses() throws IOException {
    Path directory = btrfs.newDirectory();
    HOST.run(Command.of("btrfs", "property", "set", "" + directory, "compression", "zstd"));
    try (ScriptedImage image = new ScriptedImage(directory, 512 << 10, 11)) {
      image.writeCompressible(0, 512 << 10);
      Path base = image.snapshot();
      image.shareWithin(64 << 10, 0, 64 << 10);
      assertThat(changed(base, image.snapshot())).containsExactly(new BlockRange(0, 512 << 10));
    }
  }

  /** It moves what is stored to other addresses, and frees the old ones. */
  @Test
  void nothingIsMissedWhileBtrfsBalances() throws Exception {
    try (ScriptedImage image = new ScriptedImage(btrfs.newDirectory(), 64 << 20, 7)) {
      image.write(0, 64 << 20);
      Path base = image.snapshot();
      for (int i = 0; i < 500; i++) {
        image.write(i * 32L * BLOCK, BLOCK);
      }
      Path target = image.snapshot();
      btrfs.sync();
      FutureTask<String> balance =
          new FutureTask<>(() ->
              HOST.run(
                  Command.of(
                      "btrfs", "balance", "start", "--full-balance", "" + btrfs.mountPoint())));
      Thread.ofVirtual().start(balance);
      int compared = 0;
      do {
        changed(base, target);
        compared++;
      } while (!balance.isDone());
      balance.get();
      System.out.printf("compared %d times while btrfs balanced%n", compared);
      assertThat(changed(base, target)).hasSize(500);
    }
  }

  @Test
  void wherePlacesOnTheDiskTellNothingOnlyDataIsFound() throws IOException {
    HOST.run(Command.of("mount", "-t", "tmpfs", "none", "" + other));
    try {
      assertOnlyDataIsFound(other);
    } finally {
      HOST.run(Command.of("umount", "" + other));
    }
    try (PoolFilesystem ext4 = PoolFilesystem.make(other, 256, "mkfs.ext4", "-q")) {
      assertOnlyDataIsFound(ext4.newDirectory());
    }
  }

  private static void assertOnlyDataIsFound(Path directory) throws IOException {
    try (ScriptedImage image = new ScriptedImage(directory, 1 << 20, 8)) {
      image.write(4 * BLOCK, BLOCK);
      assertThat(allocated(image.path())).containsExactly(new BlockRange(4 * BLOCK, BLOCK));
      assertRefused(Reason.PRECONDITION, () -> ImageBlocks.changed(image.path(), image.path(), 0));
    }
  }

  @Test
  void imagesOfTwoFilesystemsAreNotCompared() throws IOException {
    try (PoolFilesystem second = PoolFilesystem.xfs(other);
        ScriptedImage image = new ScriptedImage(xfs.newDirectory(), 1 << 20, 9);
        ScriptedImage elsewhere = new ScriptedImage(second.newDirectory(), 1 << 20, 9)) {
      assertRefused(
          Reason.PRECONDITION, () -> ImageBlocks.changed(image.path(), elsewhere.path(), 0));
    }
  }

  @Test
  void anImageThatIsNotThereIsAFailure() {
    assertRefused(Reason.FAILED, () -> ImageBlocks.allocated(other.resolve("missing"), 0));
  }

  /** Not asserted, but told: it takes as long as there are extents, whatever the bytes. */
  @ParameterizedTest
  @EnumSource(Kind.class)
  void howLongALargeImageTakes(Kind kind) throws IOException {
    int extents = 10_000;
    long apart = 100 * GIB / extents / BLOCK * BLOCK;
    try (ScriptedImage image = new ScriptedImage(kind.newDirectory(), 100 * GIB, 10)) {
      for (int i = 0; i < extents; i++) {
        image.write(i * apart, BLOCK);
      }
      Path base = image.snapshot();
      for (int i = 0; i < extents; i += 10) {
        image.write(i * apart, BLOCK);
      }
      Path target = image.snapshot();
      for (int round = 0; round < 3; round++) {
        long begin = System.nanoTime();
        int changed = ScriptedImage.all(from -> ImageBlocks.changed(base, target, from), 0).size();
        Duration changedTook = Duration.ofNanos(System.nanoTime() - begin);
        begin = System.nanoTime();
        int allocated = ScriptedImage.all(from -> ImageBlocks.allocated(target, from), 0).size();
        System.out.printf(
            "%s: 100 GiB, %d extents: %d changed in %d ms; %d allocated in %d ms%n",
            kind,
            extents,
            changed,
            changedTook.toMillis(),
            allocated,
            Duration.ofNanos(System.nanoTime() - begin).toMillis());
        assertThat(changed).isEqualTo(extents / 10);
        assertThat(allocated).isEqualTo(extents);
      }
    }
  }

  private static List<BlockRange> ranges(BitSet blocks) {
    return ScriptedImage.joined(
        IntStream.range(0, blocks.length())
            .filter(blocks::get)
            .mapToObj(block -> new BlockRange((long) block * BLOCK, BLOCK))
            .toList());
  }

  private static void fallocate(ScriptedImage image, String how, long offset, long length) {
    HOST.run(
        Command.of(
            "fallocate", how, "--offset", "" + offset, "--length", "" + length, "" + image.path()));
  }

  private static void assertRefused(Reason reason, ThrowingCallable call) {
    StorageException thrown = catchThrowableOfType(StorageException.class, call);
    assertThat(thrown).as("refused").isNotNull();
    assertThat(thrown.reason()).as(thrown.getMessage()).isEqualTo(reason);
  }
}
