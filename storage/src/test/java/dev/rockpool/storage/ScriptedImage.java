package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.Reflink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongFunction;

/** An image that is written as a seed decides, and the snapshots of it. */
final class ScriptedImage implements AutoCloseable {
  static final int BLOCK = 4096;
  private static final Host HOST = new ExecHost((_, _, _) -> {});
  private static final int CHUNK = 1 << 20;

  private final Path directory;
  private final Path image;
  private final FileChannel channel;
  private final Random random;
  private int snapshots;

  ScriptedImage(Path directory, long size, long seed) throws IOException {
    this.directory = directory;
    this.image = directory.resolve("disk.img");
    this.random = new Random(seed);
    channel =
        FileChannel.open(
            image,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    grow(size);
  }

  Path path() {
    return image;
  }

  long size() throws IOException {
    return channel.size();
  }

  void grow(long size) {
    HOST.run(Command.of("truncate", "--size", "" + size, "" + image));
  }

  /** Writes random bytes. */
  void write(long offset, int length) throws IOException {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    write(offset, bytes);
  }

  /** Writes random bytes of four values only, which btrfs finds worth compressing. */
  void writeCompressible(long offset, int length) throws IOException {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    for (int i = 0; i < length; i++) {
      bytes[i] &= 3;
    }
    write(offset, bytes);
  }

  private void write(long offset, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer, offset + buffer.position());
    }
  }

  void sync() throws IOException {
    channel.force(false);
  }

  /** Has the image written to in one of all the ways that there are. */
  void doAnything() throws IOException {
    long size = channel.size();
    boolean aligned = random.nextBoolean();
    long unit = aligned ? BLOCK : 1;
    long offset = random.nextLong(size) / unit * unit;
    int most = (int) Math.min(size - offset, random.nextInt(8) == 0 ? 1 << 20 : 64 << 10);
    int length = 1 + random.nextInt(most);
    switch (random.nextInt(10)) {
      case 0, 1 -> write(offset, length);
      case 2, 3 -> writeCompressible(offset, length);
      case 4 -> write(offset, new byte[length]);
      case 5 -> fallocate("--punch-hole", offset, length);
      case 6 -> fallocate("--zero-range", offset, length);
      case 7 -> fallocate("--keep-size", offset, length);
      case 8 -> shareWithin(offset / BLOCK * BLOCK, length);
      default -> {
        if (random.nextInt(3) == 0) {
          grow(size + random.nextInt(1 << 20) / unit * unit);
        } else {
          sync();
        }
      }
    }
  }

  private void fallocate(String how, long offset, int length) {
    HOST.run(
        Command.of("fallocate", how, "--offset", "" + offset, "--length", "" + length, "" + image));
  }

  /** Lets another place of the image share its blocks. */
  private void shareWithin(long offset, int length) throws IOException {
    long blocks = Math.min(length / BLOCK, (channel.size() - offset) / BLOCK);
    long from = random.nextLong(channel.size()) / BLOCK * BLOCK;
    long bytes = Math.min(blocks * BLOCK, Math.abs(from - offset));
    if (bytes > 0 && from + bytes <= channel.size()) {
      shareWithin(from, offset, bytes);
    }
  }

  /** Lets one place of the image have the blocks of another one. */
  void shareWithin(long from, long to, long bytes) {
    HOST.run(
        Command.of(
            "xfs_io", "-c", "reflink " + image + " " + from + " " + to + " " + bytes, "" + image));
  }

  Path snapshot() throws IOException {
    Path snapshot = Files.createFile(directory.resolve("snapshot-" + ++snapshots));
    Reflink.copy(image, snapshot);
    return snapshot;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** All ranges from the offset on; that the pages keep their contract is asserted. */
  static List<BlockRange> all(LongFunction<BlockPage> pages, long from) {
    List<BlockRange> all = new ArrayList<>();
    BlockPage page;
    long at = from;
    do {
      page = pages.apply(at);
      assertThat(page.next()).isBetween(at, page.capacityBytes());
      assertThat(page.next() > at || page.last()).as("%s makes progress", page).isTrue();
      for (BlockRange range : page.ranges()) {
        assertThat(range.offset()).as("%s in %s", range, page).isGreaterThanOrEqualTo(at);
        assertThat(range.end()).as("%s in %s", range, page).isLessThanOrEqualTo(page.next());
        at = range.end();
        all.add(range);
      }
      at = page.next();
    } while (!page.last());
    return all;
  }

  /** The same bytes as ranges that don't touch. */
  static List<BlockRange> joined(List<BlockRange> ranges) {
    List<BlockRange> joined = new ArrayList<>();
    for (BlockRange range : ranges) {
      boolean touches = !joined.isEmpty() && joined.getLast().end() == range.offset();
      long begin = touches ? joined.removeLast().offset() : range.offset();
      joined.add(new BlockRange(begin, range.end() - begin));
    }
    return joined;
  }

  /** What {@code changed} tells; that it misses nothing is asserted. */
  static List<BlockRange> changed(Path base, Path target) throws IOException {
    List<BlockRange> ranges = all(from -> ImageBlocks.changed(base, target, from), 0);
    assertSameOutside(ranges, base, target);
    return joined(ranges);
  }

  /** What {@code allocated} tells; that it misses nothing is asserted. */
  static List<BlockRange> allocated(Path image) throws IOException {
    List<BlockRange> ranges = all(from -> ImageBlocks.allocated(image, from), 0);
    assertSameOutside(ranges, Path.of("/dev/null"), image);
    return joined(ranges);
  }

  private static void assertSameOutside(List<BlockRange> ranges, Path base, Path target)
      throws IOException {
    Comparison comparison = new Comparison();
    try (FileChannel one = FileChannel.open(base);
        FileChannel other = FileChannel.open(target)) {
      long at = 0;
      for (BlockRange range : ranges) {
        comparison.assertSame(one, other, at, range.offset());
        at = range.end();
      }
      comparison.assertSame(one, other, at, other.size());
    }
  }

  /** Reads two images, which takes most of the time of these tests. */
  private static final class Comparison {
    private final ByteBuffer ones = ByteBuffer.allocateDirect(CHUNK);
    private final ByteBuffer others = ByteBuffer.allocateDirect(CHUNK);

    void assertSame(FileChannel one, FileChannel other, long from, long to) throws IOException {
      for (long at = from; at < to; at += CHUNK) {
        int length = (int) Math.min(CHUNK, to - at);
        read(one, at, ones.clear().limit(length));
        read(other, at, others.clear().limit(length));
        int mismatch = ones.mismatch(others);
        if (mismatch >= 0) {
          throw new AssertionError("byte " + (at + mismatch) + " differs, and nobody said so");
        }
      }
    }

    /** Fills the buffer, with zeros behind the end of the file. */
    private static void read(FileChannel channel, long offset, ByteBuffer buffer)
        throws IOException {
      while (buffer.hasRemaining() && channel.read(buffer, offset + buffer.position()) > 0) {}
      buffer.put(new byte[buffer.remaining()]).flip();
    }
  }
}
