package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Images written in every way that there is, against a comparison byte by byte. */
@Timeout(120)
final class ImageBlocksRandomIT {
  private static final int STEPS = 80;

  @TempDir private static Path xfsPlace;
  @TempDir private static Path btrfsPlace;
  private static PoolFilesystem xfs;
  private static PoolFilesystem btrfs;

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

  static LongStream seeds() {
    return LongStream.rangeClosed(1, 12);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void nothingIsMissedOnXfs(long seed) throws IOException {
    run(xfs.newDirectory(), seed, 4 << 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void nothingIsMissedOnBtrfs(long seed) throws IOException {
    run(btrfs.newDirectory(), seed, 4 << 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void nothingIsMissedOfWhatBtrfsCompresses(long seed) throws IOException {
    Path directory = btrfs.newDirectory();
    new ExecHost((_, _, _) -> {})
        .run(Command.of("btrfs", "property", "set", "" + directory, "compression", "zstd"));
    run(directory, seed, 4 << 20);
  }

  /** Btrfs keeps these inside its metadata, at first. */
  @ParameterizedTest
  @MethodSource("seeds")
  void nothingIsMissedOfTheSmallestImages(long seed) throws IOException {
    run(btrfs.newDirectory(), seed, 1500);
  }

  private static void run(Path directory, long seed, long size) throws IOException {
    Random random = new Random(seed);
    List<Path> snapshots = new ArrayList<>();
    try (ScriptedImage image = new ScriptedImage(directory, size + random.nextInt(1000), seed)) {
      snapshots.add(image.snapshot());
      for (int step = 0; step < STEPS; step++) {
        image.doAnything();
        if (random.nextInt(10) == 0) {
          Path snapshot = image.snapshot();
          ScriptedImage.changed(snapshots.getLast(), snapshot);
          snapshots.add(snapshot);
        }
      }
      for (int i = 0; i < 5; i++) {
        Path base = snapshots.get(random.nextInt(snapshots.size()));
        Path target = snapshots.get(random.nextInt(snapshots.size()));
        List<BlockRange> changed = ScriptedImage.changed(base, target);
        List<BlockRange> allocated = ScriptedImage.allocated(target);
        for (int cut = 0; cut < 20; cut++) {
          long at = random.nextLong(Files.size(target) + 1);
          assertResumes(
              changed, ScriptedImage.all(from -> ImageBlocks.changed(base, target, from), at), at);
          assertResumes(
              allocated, ScriptedImage.all(from -> ImageBlocks.allocated(target, from), at), at);
        }
      }
    }
  }

  /** Asserts that what came before the cut and what comes from there on are the whole. */
  private static void assertResumes(List<BlockRange> whole, List<BlockRange> rest, long at) {
    List<BlockRange> resumed = new ArrayList<>();
    whole.stream()
        .filter(range -> range.offset() < at)
        .map(range -> new BlockRange(range.offset(), Math.min(range.end(), at) - range.offset()))
        .forEach(resumed::add);
    resumed.addAll(rest);
    assertThat(ScriptedImage.joined(resumed)).as("cut at %s", at).isEqualTo(whole);
  }
}
