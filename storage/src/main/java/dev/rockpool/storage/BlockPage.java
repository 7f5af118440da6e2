package dev.rockpool.storage;

import java.util.List;

/**
 * What is known about a snapshot's blocks between the offset that was asked about and another one.
 *
 * @param capacityBytes of the snapshot
 * @param ranges in ascending order, none overlapping another, all within what the page tells about;
 *     two may touch, and there may be none
 * @param next the offset that the page tells up to, to be asked about next; the capacity if there
 *     is no more
 */
public record BlockPage(long capacityBytes, List<BlockRange> ranges, long next) {
  public BlockPage {
    ranges = List.copyOf(ranges);
  }

  /** Whether nothing is behind it. */
  public boolean last() {
    return next >= capacityBytes;
  }
}
