package dev.rockpool.storage.host;

/**
 * A piece of a file, and where the filesystem keeps it.
 *
 * @param logical where it begins in the file, in bytes
 * @param physical where it begins on the filesystem's disk, in bytes
 * @param length bytes; the last one of a file may reach beyond the file's end
 * @param flags FIEMAP_EXTENT_* of linux/fiemap.h
 */
public record Extent(long logical, long physical, long length, int flags) {
  public static final int LAST = 0x1;
  public static final int UNWRITTEN = 0x800;
  public static final int MERGED = 0x1000;
  public static final int SHARED = 0x2000;

  /** The first byte of the file behind it. */
  public long end() {
    return logical + length;
  }

  /** Whether it is the last one of what was asked for. */
  boolean last() {
    return (flags & LAST) != 0;
  }

  /** Whether it has space, but reads as zeros. */
  public boolean unwritten() {
    return (flags & UNWRITTEN) != 0;
  }

  /**
   * Whether its bytes lie at its address as they are read. Not so where they are compressed,
   * encrypted, inside metadata or not yet written, nor where a flag is set that nobody knew when
   * this was written.
   */
  public boolean plain() {
    return (flags & ~(LAST | UNWRITTEN | MERGED | SHARED)) == 0;
  }
}
