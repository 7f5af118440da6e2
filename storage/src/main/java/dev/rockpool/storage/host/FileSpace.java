package dev.rockpool.storage.host;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** How much of its filesystem a file takes, which is not its size where it is sparse. */
public final class FileSpace {
  // linux/fcntl.h and linux/stat.h.
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int STATX_BLOCKS = 0x400;
  private static final long STATX_BYTES = 256;
  private static final long BLOCKS_AT = 48;
  private static final int BLOCK_BYTES = 512;

  private static final MethodHandle STATX =
      Kernel.function(
          "statx",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS));

  private FileSpace() {}

  /** Bytes allocated to the file, those that it shares with others included. */
  public static long allocatedBytes(Path file) throws IOException {
    long[] blocks = new long[1];
    Kernel.call(
        "statx " + file,
        (errno, memory) -> {
          MemorySegment result = memory.allocate(STATX_BYTES, Long.BYTES);
          int code =
              (int)
                  STATX.invokeExact(
                      errno,
                      AT_FDCWD,
                      memory.allocateFrom(file.toString()),
                      AT_SYMLINK_NOFOLLOW,
                      STATX_BLOCKS,
                      result);
          blocks[0] = result.get(ValueLayout.JAVA_LONG, BLOCKS_AT);
          return code;
        });
    return blocks[0] * BLOCK_BYTES;
  }
}
