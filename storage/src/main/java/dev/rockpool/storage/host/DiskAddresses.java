package dev.rockpool.storage.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * What the physical addresses of a file's extents are addresses of. Within one of these, two plain
 * extents at the same address are the same bytes.
 *
 * @param filesystem its kind, as statfs(2) has it in f_type
 * @param id which one it is: f_fsid
 * @param realtime whether the file is on the filesystem's realtime device, which has addresses of
 *     its own
 */
public record DiskAddresses(long filesystem, long id, boolean realtime) {
  // linux/magic.h. Those that have been looked at, and no others: the SMB client, which reflinks
  // too, gives an extent's place in the file for its address, so that no change would be seen.
  private static final long XFS = 0x58465342L;
  private static final long BTRFS = 0x9123683EL;

  private static final long STATFS_BYTES = 120;
  private static final long TYPE_AT = 0;
  private static final long FSID_AT = 56;
  // linux/fs.h: _IOR('X', 31, struct fsxattr), which begins with its flags.
  private static final long FS_IOC_FSGETXATTR = 0x801C581FL;
  private static final long FSXATTR_BYTES = 28;
  private static final int XFLAG_REALTIME = 1;

  private static final MethodHandle FSTATFS =
      Kernel.function(
          "fstatfs",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

  /** Those of the file; empty where they can't be relied on. */
  public static Optional<DiskAddresses> of(Descriptor file) throws IOException {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment statfs = memory.allocate(STATFS_BYTES, Long.BYTES);
      Kernel.call("fstatfs", (errno, _) -> (int) FSTATFS.invokeExact(errno, file.number(), statfs));
      long filesystem = statfs.get(ValueLayout.JAVA_LONG, TYPE_AT);
      if (filesystem != XFS && filesystem != BTRFS) {
        return Optional.empty();
      }
      MemorySegment attributes = memory.allocate(FSXATTR_BYTES, Integer.BYTES);
      file.ioctl("FS_IOC_FSGETXATTR", FS_IOC_FSGETXATTR, attributes);
      return Optional.of(
          new DiskAddresses(
              filesystem,
              statfs.get(ValueLayout.JAVA_LONG, FSID_AT),
              (attributes.get(ValueLayout.JAVA_INT, 0) & XFLAG_REALTIME) != 0));
    }
  }
}
