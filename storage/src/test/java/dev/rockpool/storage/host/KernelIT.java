package dev.rockpool.storage.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** System calls, on whatever filesystem the temporary directory is. */
class KernelIT {
  @TempDir private Path directory;

  @Test
  void aFailureNamesCallFileAndReason() {
    Path missing = directory.resolve("missing");
    KernelException e =
        assertThrows(KernelException.class, () -> Descriptor.forReading(missing).close());
    assertEquals("open " + missing + ": No such file or directory", e.getMessage());
  }

  @Test
  void dataAndHolesOfASparseFile() throws IOException {
    Path file = directory.resolve("sparse");
    byte[] block = new byte[1 << 20];
    Arrays.fill(block, (byte) 7);
    try (var channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(block), 4 << 20);
      channel.write(ByteBuffer.wrap(new byte[1]), (16 << 20) - 1);
    }
    try (Descriptor open = Descriptor.forReading(file)) {
      assertEquals(OptionalLong.of(4 << 20), open.nextData(0));
      assertEquals(OptionalLong.of(5 << 20), open.nextHole(4 << 20));
      assertEquals(OptionalLong.of(16 << 20), open.nextHole((16 << 20) - 1));
      assertEquals(OptionalLong.empty(), open.nextData(16 << 20));
    }
    long allocated = FileSpace.allocatedBytes(file);
    assertTrue(allocated >= 1 << 20 && allocated < 3 << 20, "allocated: " + allocated);
  }

  @Test
  void whatIsNoFilesystemCantBeThawed() throws IOException {
    Path file = directory.resolve("file");
    Files.write(file, new byte[] {1, 2, 3});
    assertThrows(IOException.class, () -> Reflink.copy(file, directory.resolve("missing")));
    assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
  }

  @Test
  void whatHangsHoldsItsCallerForTheLimitOnly() {
    CountDownLatch hanging = new CountDownLatch(1);
    CountDownLatch late = new CountDownLatch(1);
    StorageException e =
        assertThrows(
            StorageException.class,
            () ->
                Deadline.run(
                    "freezing",
                    Duration.ofMillis(50),
                    () -> {
                      try {
                        hanging.await();
                      } catch (InterruptedException interrupted) {
                        throw new IOException(interrupted);
                      }
                    },
                    late::countDown));
    assertEquals("freezing has not ended within 0 s", e.getMessage());
    hanging.countDown();
    assertDoesNotThrow(() -> late.await());
  }
}
