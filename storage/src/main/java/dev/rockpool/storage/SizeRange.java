package dev.rockpool.storage;

/**
 * The sizes that a caller accepts (CSI: CapacityRange).
 *
 * @param required at least so many bytes; 0 = not said
 * @param limit at most so many bytes; 0 = not said
 */
public record SizeRange(long required, long limit) {
  /** What a volume gets when nothing is said: 1 GiB. */
  public static final long DEFAULT_BYTES = 1L << 30;

  public static final SizeRange ANY = new SizeRange(0, 0);

  public SizeRange {
    if (required < 0 || limit < 0) {
      String field = required < 0 ? "required_bytes " + required : "limit_bytes " + limit;
      throw StorageException.invalid("capacity_range." + field + " is negative");
    }
    if (limit > 0 && limit < required) {
      throw StorageException.invalid(
          "capacity_range.limit_bytes " + limit + " is less than required_bytes " + required);
    }
  }

  public boolean contains(long bytes) {
    return required <= bytes && (limit == 0 || bytes <= limit);
  }

  /**
   * The size for a volume: the smallest multiple of {@code sector} that is at least what is
   * required and at least the {@code minimum}.
   *
   * @param minimum bytes below which this kind of volume can't be made
   * @param what names the kind of volume in the message
   * @throws StorageException OUT_OF_RANGE if the limit forbids it, with the minimum named
   */
  public long choose(long minimum, int sector, String what) {
    long wanted =
        required > 0 ? required : limit > 0 ? Math.min(limit, DEFAULT_BYTES) : DEFAULT_BYTES;
    long size = required > 0 ? up(wanted, sector) : wanted - wanted % sector;
    size = Math.max(size, up(minimum, sector));
    if (limit > 0 && size > limit) {
      throw new StorageException(
          StorageException.Reason.OUT_OF_RANGE,
          "capacity_range "
              + this
              + ": "
              + (minimum > limit
                  ? "the smallest size of " + what + " is " + minimum + " bytes"
                  : "it holds no multiple of the sector size of " + sector + " bytes"));
    }
    return size;
  }

  /** Rounded up, or down where up can't be said in 63 bits: no pool is that large anyway. */
  private static long up(long bytes, int sector) {
    long rest = bytes % sector;
    if (rest == 0) {
      return bytes;
    }
    return bytes > Long.MAX_VALUE - sector ? bytes - rest : bytes - rest + sector;
  }

  @Override
  public String toString() {
    return "required_bytes=" + required + " limit_bytes=" + limit;
  }
}
