package dev.rockpool.storage.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A part of what the filesystem knows about where a file is; between its extents are holes.
 *
 * @param extents in the order of the file
 * @param end how far into the file the map tells, in bytes
 */
public record ExtentMap(List<Extent> extents, long end) {
  // linux/fs.h: _IOWR('f', 11, struct fiemap); the rest is from linux/fiemap.h.
  private static final long FS_IOC_FIEMAP = 0xC020660BL;
  private static final int FLAG_SYNC = 1;

  private static final long HEADER_BYTES = 32;
  private static final long START_AT = 0;
  private static final long LENGTH_AT = 8;
  private static final long FLAGS_AT = 16;
  private static final long MAPPED_AT = 20;
  private static final long COUNT_AT = 24;

  private static final long EXTENT_BYTES = 56;
  private static final long EXTENT_LOGICAL_AT = 0;
  private static final long EXTENT_PHYSICAL_AT = 8;
  private static final long EXTENT_LENGTH_AT = 16;
  private static final long EXTENT_FLAGS_AT = 40;

  public ExtentMap {
    extents = List.copyOf(extents);
  }

  /**
   * Asks for the extents between two offsets, after what was written to the file is on the disk.
   *
   * @param to beyond {@code from}
   * @param most how many extents at most; if there are more, the map ends behind the last of them
   * @throws KernelException EOPNOTSUPP or ENOTTY where the filesystem has no such map
   */
  public static ExtentMap read(Descriptor file, long from, long to, int most) throws IOException {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment map = memory.allocate(HEADER_BYTES + most * EXTENT_BYTES, Long.BYTES);
      map.set(ValueLayout.JAVA_LONG, START_AT, from);
      map.set(ValueLayout.JAVA_LONG, LENGTH_AT, to - from);
      map.set(ValueLayout.JAVA_INT, FLAGS_AT, FLAG_SYNC);
      map.set(ValueLayout.JAVA_INT, COUNT_AT, most);
      file.ioctl("FS_IOC_FIEMAP", FS_IOC_FIEMAP, map);
      int mapped = map.get(ValueLayout.JAVA_INT, MAPPED_AT);
      List<Extent> extents = new ArrayList<>(mapped);
      for (long i = 0; i < mapped; i++) {
        extents.add(extent(map.asSlice(HEADER_BYTES + i * EXTENT_BYTES, EXTENT_BYTES)));
      }
      boolean all = mapped < most || extents.getLast().last();
      return new ExtentMap(extents, all ? to : extents.getLast().end());
    }
  }

  private static Extent extent(MemorySegment extent) {
    return new Extent(
        extent.get(ValueLayout.JAVA_LONG, EXTENT_LOGICAL_AT),
        extent.get(ValueLayout.JAVA_LONG, EXTENT_PHYSICAL_AT),
        extent.get(ValueLayout.JAVA_LONG, EXTENT_LENGTH_AT),
        extent.get(ValueLayout.JAVA_INT, EXTENT_FLAGS_AT));
  }
}
