package dev.rockpool.driver.selftest;

import dev.rockpool.storage.ByteSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;

/**
 * Bytes that are written to a volume and looked for again, in a file or, on a raw device, at its
 * beginning.
 */
final class TestData {
  static final int BYTES = 4 << 20;

  private final Path file;
  private final boolean block;
  private final long seed;
  private final byte[] bytes = new byte[BYTES];

  private TestData(Path file, boolean block, long seed) {
    this.file = file;
    this.block = block;
    this.seed = seed;
    new Random(seed).nextBytes(bytes);
  }

  /** What is written first through a target of the volume. */
  static TestData at(TestVolume volume, Path target) {
    return new TestData(file(volume, target), volume.block(), volume.name().hashCode());
  }

  /** Other bytes in the same place. */
  TestData other() {
    return new TestData(file, block, seed + 1);
  }

  /** The same bytes in another volume, which has come by them. */
  TestData in(TestVolume copy, Path target) {
    return new TestData(file(copy, target), block, seed);
  }

  private static Path file(TestVolume volume, Path target) {
    return volume.block() ? target : target.resolve("selftest.data");
  }

  /** Writes, and waits until it is on the disk. */
  void write() throws IOException {
    try (FileChannel channel = block ? open() : create()) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    }
  }

  private FileChannel open() throws IOException {
    return FileChannel.open(file, StandardOpenOption.WRITE);
  }

  private FileChannel create() throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  /**
   * Reads what was written.
   *
   * @throws IOException if it can't be read, or is not the same
   */
  String read() throws IOException {
    ByteBuffer found = ByteBuffer.allocate(BYTES);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      int count;
      do {
        count = channel.read(found);
      } while (count > 0);
    }
    int differs = Arrays.mismatch(bytes, found.array());
    if (differs >= 0) {
      throw new IOException(file + ": byte " + differs + " is not what was written");
    }
    return ByteSize.format(BYTES) + ", every byte equal";
  }

  /**
   * Tries to write, which must fail.
   *
   * @return how it failed
   * @throws IllegalStateException if it worked
   */
  String writeInVain() {
    try {
      write();
    } catch (IOException e) {
      // Its message is the file's name, and nothing else of use.
      return e instanceof FileSystemException failure && failure.getReason() != null
          ? failure.getReason()
          : String.valueOf(e.getMessage());
    }
    throw new IllegalStateException("a write to " + file + " worked, and must not");
  }
}
