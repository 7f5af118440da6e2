package dev.rockpool.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/**
 * What the first bytes of an image tell about the filesystem in it. Read from an image that is not
 * mounted: a mounted filesystem's superblock is in its own memory.
 *
 * @param type the filesystem
 * @param bytes how much of the device it uses
 */
public record Superblock(FsType type, long bytes) {
  private static final int EXT4_AT = 1024;
  private static final int EXT4_MAGIC = 0xEF53;
  private static final int EXT4_INCOMPAT_RECOVER = 0x4;
  private static final int EXT4_INCOMPAT_64BIT = 0x80;
  private static final int XFS_MAGIC = 0x58465342; // "XFSB"
  private static final int BTRFS_AT = 64 << 10;
  private static final long BTRFS_MAGIC = 0x4D5F53665248425FL; // "_BHRfS_M", little-endian
  private static final int READ_BYTES = BTRFS_AT + 4096;

  /** The superblock of the image, or empty if none of our filesystems is in it. */
  public static Optional<Superblock> read(Path image) throws IOException {
    return of(bytes(image));
  }

  /**
   * Whether the filesystem says that its journal must be replayed before it is used. XFS doesn't
   * say: for it this is false whatever its journal holds.
   */
  static boolean dirty(Path image, FsType type) throws IOException {
    ByteBuffer bytes = bytes(image).order(ByteOrder.LITTLE_ENDIAN);
    return switch (type) {
      case EXT4 -> (bytes.getInt(EXT4_AT + 0x60) & EXT4_INCOMPAT_RECOVER) != 0;
      case XFS -> false;
      case BTRFS -> bytes.getLong(BTRFS_AT + 0x60) != 0;
    };
  }

  /** The filesystem's UUID, by which the kernel knows it again. */
  static UUID uuid(Path image, FsType type) throws IOException {
    int at =
        switch (type) {
          case EXT4 -> EXT4_AT + 0x68;
          case XFS -> 0x20;
          case BTRFS -> BTRFS_AT + 0x20;
        };
    ByteBuffer bytes = bytes(image).order(ByteOrder.BIG_ENDIAN);
    return new UUID(bytes.getLong(at), bytes.getLong(at + Long.BYTES));
  }

  private static ByteBuffer bytes(Path image) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(READ_BYTES);
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
      while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {
        // a read may give less than was asked for
      }
    }
    return bytes;
  }

  private static Optional<Superblock> of(ByteBuffer bytes) {
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    if (Short.toUnsignedInt(bytes.getShort(EXT4_AT + 0x38)) == EXT4_MAGIC) {
      long blocks = Integer.toUnsignedLong(bytes.getInt(EXT4_AT + 0x4));
      if ((bytes.getInt(EXT4_AT + 0x60) & EXT4_INCOMPAT_64BIT) != 0) {
        blocks |= (long) bytes.getInt(EXT4_AT + 0x150) << 32;
      }
      return Optional.of(
          new Superblock(FsType.EXT4, blocks << (10 + bytes.getInt(EXT4_AT + 0x18))));
    }
    if (bytes.getLong(BTRFS_AT + 0x40) == BTRFS_MAGIC) {
      return Optional.of(new Superblock(FsType.BTRFS, bytes.getLong(BTRFS_AT + 0x70)));
    }
    bytes.order(ByteOrder.BIG_ENDIAN);
    if (bytes.getInt(0) == XFS_MAGIC) {
      return Optional.of(
          new Superblock(FsType.XFS, bytes.getLong(8) * Integer.toUnsignedLong(bytes.getInt(4))));
    }
    return Optional.empty();
  }

  /** Whether the filesystem could use more of a device of this many bytes. */
  public boolean growsTo(long deviceBytes) {
    // Filesystems leave a rest of less than a block unused; all of ours have blocks of at most
    // 4096.
    return bytes < deviceBytes - deviceBytes % 4096;
  }
}
