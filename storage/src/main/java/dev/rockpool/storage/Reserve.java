package dev.rockpool.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that takes some room in a pool. When the pool is full it is given up for a moment, so that
 * records which give something back can be written all the same.
 */
final class Reserve {
  private static final Logger log = LoggerFactory.getLogger(Reserve.class);
  // What a filesystem needs to make a small file, also one that makes inodes by the dozen.
  private static final int BYTES = 1 << 20;

  private final Path file;
  // Guarded by this.
  private boolean whole;

  Reserve(Path file) {
    this.file = file;
  }

  /** Takes the room, if it is not taken yet; where there is none it is tried again next time. */
  synchronized void take() {
    if (whole) {
      return;
    }
    try (FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            AtomicFiles.OWNER_FILE)) {
      if (channel.size() < BYTES) {
        fill(channel);
      }
      whole = true;
    } catch (IOException e) {
      log.warn("no room is kept in reserve: {}", e.toString());
    }
  }

  private static void fill(FileChannel channel) throws IOException {
    // Random, since some filesystems would take no room for anything simpler.
    byte[] noise = new byte[BYTES];
    new Random().nextBytes(noise);
    ByteBuffer bytes = ByteBuffer.wrap(noise);
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes, bytes.position());
      }
      channel.force(true);
    } catch (IOException e) {
      channel.truncate(0);
      throw e;
    }
  }

  /** Gives the room up, does the work, and takes the room again if it is still there. */
  synchronized <T> T spend(Supplier<T> work) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      whole = false;
      channel.truncate(0);
      channel.force(true);
    } catch (IOException e) {
      throw StorageException.of("can't give up the reserve", e);
    }
    try {
      return work.get();
    } finally {
      take();
    }
  }
}
