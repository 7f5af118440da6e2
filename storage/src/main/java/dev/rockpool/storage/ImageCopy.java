package dev.rockpool.storage;

import dev.rockpool.storage.host.Descriptor;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.OptionalLong;

/** Copies images where the filesystem can't share their blocks; holes stay holes. */
final class ImageCopy {
  private static final long CHUNK_BYTES = 4 << 20;
  private static final Duration BETWEEN_REPORTS = Duration.ofSeconds(2);

  private final CopyRate rate;

  ImageCopy(CopyRate rate) {
    this.rate = rate;
  }

  /** Told how far a copy has come; what it tells is lasting. */
  interface Progress {
    void copied(long bytes);
  }

  /**
   * Copies the image, which nobody writes meanwhile; when this returns, the copy is lasting.
   *
   * @param to is made, or gone on with
   * @param from where to begin, what is before is there already; 0 = from the beginning
   * @throws java.nio.channels.ClosedByInterruptException if the thread is interrupted
   */
  void copy(Path image, Path to, long from, Progress progress) throws IOException {
    long size = Files.size(image);
    try (Descriptor map = Descriptor.forReading(image);
        FileChannel source = FileChannel.open(image, StandardOpenOption.READ);
        FileChannel target = open(to, size, from)) {
      long reported = System.nanoTime();
      long at = from;
      OptionalLong data = map.nextData(at);
      while (data.isPresent()) {
        long hole = map.nextHole(data.getAsLong()).orElse(size);
        at = data.getAsLong();
        while (at < hole) {
          long bytes = Math.min(CHUNK_BYTES, hole - at);
          rate.await(bytes);
          at += transfer(source, target, at, bytes);
          if (System.nanoTime() - reported > BETWEEN_REPORTS.toNanos()) {
            target.force(false);
            progress.copied(at);
            reported = System.nanoTime();
          }
        }
        data = map.nextData(at);
      }
      target.force(true);
      progress.copied(size);
    }
  }

  /** What was written beyond the point where the copy goes on is taken away. */
  private static FileChannel open(Path to, long size, long from) throws IOException {
    if (!Files.exists(to)) {
      Files.createFile(to, AtomicFiles.OWNER_FILE);
    }
    FileChannel channel = FileChannel.open(to, StandardOpenOption.WRITE);
    try {
      channel.truncate(from);
      VolumeContents.setLength(to, size);
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static long transfer(FileChannel source, FileChannel target, long at, long bytes)
      throws IOException {
    target.position(at);
    long done = source.transferTo(at, bytes, target);
    if (done <= 0) {
      throw new IOException("the image ended at byte " + at + " while it was copied");
    }
    return done;
  }
}
