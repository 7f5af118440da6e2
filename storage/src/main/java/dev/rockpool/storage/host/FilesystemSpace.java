package dev.rockpool.storage.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * How full a filesystem is; Java has no call that counts inodes.
 *
 * @param totalBytes of it
 * @param freeBytes of these
 * @param availableBytes of the free ones, to an ordinary user
 * @param inodes that it can have; 0 if it has no fixed number
 * @param freeInodes of these; -1 if that is not known
 */
public record FilesystemSpace(
    long totalBytes, long freeBytes, long availableBytes, long inodes, long freeInodes) {
  // struct statvfs of the C libraries for 64 bits, with room for what follows.
  private static final long STATVFS_BYTES = 256;
  private static final long FRAGMENT_AT = 8;
  private static final long BLOCKS_AT = 16;
  private static final long FREE_AT = 24;
  private static final long AVAILABLE_AT = 32;
  private static final long INODES_AT = 40;
  private static final long FREE_INODES_AT = 48;

  private static final MethodHandle STATVFS =
      Kernel.function(
          "statvfs",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

  /**
   * Of the filesystem that holds the path.
   *
   * @throws dev.rockpool.storage.StorageException if it does not say, or not in time
   */
  public static FilesystemSpace of(Host host, Path path) {
    FilesystemSpace[] result = new FilesystemSpace[1];
    host.call(
        SystemCall.of(
            "statvfs",
            "measuring " + path,
            () ->
                Kernel.call(
                    "statvfs",
                    (errno, memory) -> {
                      MemorySegment stat = memory.allocate(STATVFS_BYTES, Long.BYTES);
                      int code =
                          (int)
                              STATVFS.invokeExact(
                                  errno, memory.allocateFrom(path.toString()), stat);
                      result[0] = read(stat);
                      return code;
                    })));
    return result[0];
  }

  private static FilesystemSpace read(MemorySegment stat) {
    long block = stat.get(ValueLayout.JAVA_LONG, FRAGMENT_AT);
    return new FilesystemSpace(
        stat.get(ValueLayout.JAVA_LONG, BLOCKS_AT) * block,
        stat.get(ValueLayout.JAVA_LONG, FREE_AT) * block,
        stat.get(ValueLayout.JAVA_LONG, AVAILABLE_AT) * block,
        stat.get(ValueLayout.JAVA_LONG, INODES_AT),
        stat.get(ValueLayout.JAVA_LONG, FREE_INODES_AT));
  }
}
