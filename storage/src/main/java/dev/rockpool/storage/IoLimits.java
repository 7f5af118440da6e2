package dev.rockpool.storage;

import java.util.OptionalLong;

/**
 * How fast each user of a volume may read and write it; 0 = as fast as it can.
 *
 * @param readIops reads in a second
 * @param writeIops writes in a second
 * @param readBytesPerSecond bytes read in a second
 * @param writeBytesPerSecond bytes written in a second
 */
public record IoLimits(
    long readIops, long writeIops, long readBytesPerSecond, long writeBytesPerSecond) {
  public static final IoLimits NONE = new IoLimits(0, 0, 0, 0);

  /**
   * What is to become of the limits; what is empty stays as it is, 0 takes a limit away.
   *
   * @param readIops as in {@link IoLimits}
   * @param writeIops as in {@link IoLimits}
   * @param readBytesPerSecond as in {@link IoLimits}
   * @param writeBytesPerSecond as in {@link IoLimits}
   */
  public record Change(
      OptionalLong readIops,
      OptionalLong writeIops,
      OptionalLong readBytesPerSecond,
      OptionalLong writeBytesPerSecond) {}

  public IoLimits changed(Change change) {
    return new IoLimits(
        change.readIops().orElse(readIops),
        change.writeIops().orElse(writeIops),
        change.readBytesPerSecond().orElse(readBytesPerSecond),
        change.writeBytesPerSecond().orElse(writeBytesPerSecond));
  }

  /** Whether nothing is limited. */
  public boolean none() {
    return equals(NONE);
  }
}
