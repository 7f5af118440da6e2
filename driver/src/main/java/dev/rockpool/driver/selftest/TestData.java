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
  private static final int BYTES = 4 << 20;

  private final Path file;
  private final boolean block;
  private final byte[] bytes = new byte[BYTES];

  private TestData(Path file, boolean block, long seed) {
    this.file = file;
    this.block = block;
    new Random(seed).nextBytes(bytes);
  }

  /** What is written through a target of the volume; always the same for one volume. */
  static TestData at(TestVolume volume, Path target) {
    boolean block = volume.block();
    return new TestData(
        block ? target : target.resolve("selftest.data"), block, volume.name().hashCode());
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
