package dev.rockpool.storage;

import static dev.rockpool.storage.ScriptedImage.allocated;
import static dev.rockpool.storage.ScriptedImage.changed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Freeze;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Snapshots of images that loop devices serve while they are taken. */
@Timeout(120)
final class ImageBlocksInUseIT {
  private static final Host HOST = new ExecHost((_, _, _) -> {});
  private static final LoopDevices DEVICES = new LoopDevices(HOST);
  private static final int SIZE = 320 << 20;

  @TempDir private static Path xfsPlace;
  @TempDir private static Path btrfsPlace;
  @TempDir private Path mountPoint;
  private static PoolFilesystem xfs;
  private static PoolFilesystem btrfs;

  @BeforeAll
  static void mount() throws IOException {
    xfs = PoolFilesystem.xfs(xfsPlace);
    btrfs = PoolFilesystem.make(btrfsPlace, 8 << 10, "mkfs.btrfs", "-q");
  }

  @AfterAll
  static void unmount() throws IOException {
    try (PoolFilesystem _ = xfs;
        PoolFilesystem _ = btrfs) {}
  }

  private static Path newDirectory(String pool) throws IOException {
    return pool.equals("xfs") ? xfs.newDirectory() : btrfs.newDirectory();
  }

  @ParameterizedTest
  @CsvSource({"xfs,ext4", "xfs,xfs", "xfs,btrfs", "btrfs,ext4", "btrfs,xfs"})
  void nothingIsMissedOfAFilesystemThatIsFrozen(String pool, String type) throws IOException {
    try (ScriptedImage image = new ScriptedImage(newDirectory(pool), SIZE, 1)) {
      HOST.run(Command.of("mkfs." + type, "-q", "" + image.path()));
      List<Path> snapshots = new ArrayList<>(List.of(image.snapshot()));
      LoopDevice device = DEVICES.attach(image.path(), false, 512);
      try {
        HOST.run(Command.of("mount", "" + device, "" + mountPoint));
        try {
          Random random = new Random(2);
          for (int round = 0; round < 3; round++) {
            writeFiles(random, mountPoint);
            try (Freeze _ = Freeze.of(mountPoint)) {
              snapshots.add(image.snapshot());
            }
          }
        } finally {
          HOST.run(Command.of("umount", "" + mountPoint));
        }
      } finally {
        DEVICES.detach(device);
      }
      for (int i = 1; i < snapshots.size(); i++) {
        long changed = sum(changed(snapshots.get(i - 1), snapshots.get(i)));
        assertThat(changed).isBetween(1L << 20, 64L << 20);
      }
      assertThat(sum(allocated(snapshots.getLast()))).isLessThan(SIZE / 2);
    }
  }

  /** Some new ones, some over old ones, and some gone; 40 KiB each on average. */
  private static void writeFiles(Random random, Path directory) throws IOException {
    for (int i = 0; i < 100; i++) {
      Path file = directory.resolve("file-" + random.nextInt(200));
      byte[] bytes = new byte[random.nextInt(80 << 10)];
      random.nextBytes(bytes);
      Files.write(file, bytes);
      Files.deleteIfExists(directory.resolve("file-" + random.nextInt(200)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"xfs", "btrfs"})
  void nothingIsMissedOfABlockDeviceThatIsBeingWritten(String pool) throws Exception {
    try (ScriptedImage image = new ScriptedImage(newDirectory(pool), 64 << 20, 3)) {
      LoopDevice device = DEVICES.attach(image.path(), false, 512);
      try {
        AtomicBoolean enough = new AtomicBoolean();
        FutureTask<Integer> writer = new FutureTask<>(() -> write(device, enough));
        Thread.ofPlatform().start(writer);
        List<Path> snapshots = new ArrayList<>();
        try {
          for (int i = 0; i < 10; i++) {
            snapshots.add(image.snapshot());
            if (i > 0) {
              changed(snapshots.get(i - 1), snapshots.get(i));
            }
          }
        } finally {
          enough.set(true);
        }
        assertThat(writer.get()).isPositive();
        snapshots.add(image.snapshot());
        assertThat(changed(snapshots.getFirst(), snapshots.getLast())).isNotEmpty();
        assertThat(changed(snapshots.getLast(), image.path())).isEmpty();
        allocated(snapshots.getLast());
      } finally {
        DEVICES.detach(device);
      }
    }
  }

  private static int write(LoopDevice device, AtomicBoolean enough) throws IOException {
    Random random = new Random(4);
    int writes = 0;
    try (FileChannel channel =
        FileChannel.open(device.path(), StandardOpenOption.WRITE, StandardOpenOption.DSYNC)) {
      while (!enough.get()) {
        byte[] bytes = new byte[512 * (1 + random.nextInt(32))];
        random.nextBytes(bytes);
        channel.write(ByteBuffer.wrap(bytes), 512L * random.nextInt((32 << 20) / 512));
        writes++;
      }
    }
    return writes;
  }

  private static long sum(List<BlockRange> ranges) {
    return ranges.stream().mapToLong(BlockRange::length).sum();
  }
}
