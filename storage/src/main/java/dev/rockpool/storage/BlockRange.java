package dev.rockpool.storage;

/**
 * A part of a volume (CSI: BlockMetadata).
 *
 * @param offset where it begins, in bytes
 * @param length bytes; at least one
 */
public record BlockRange(long offset, long length) {
  public BlockRange {
    if (offset < 0 || length <= 0) {
      throw new IllegalArgumentException("offset " + offset + ", length " + length);
    }
  }

  /** The first byte behind it. */
  public long end() {
    return offset + length;
  }
}
