package dev.rockpool.storage;

import dev.rockpool.storage.host.Extent;
import dev.rockpool.storage.host.ExtentMap;
import java.util.ArrayList;
import java.util.List;

/**
 * What the bytes of an image are known by, from one offset to another without a gap. Adjacent runs
 * differ, so two maps of the same bytes are equal, however the filesystem cut its extents.
 */
record BlockMap(List<Run> runs) {
  private static final Content ZEROS = new Content.Zeros();
  private static final Content UNKNOWN = new Content.Unknown();

  BlockMap {
    runs = List.copyOf(runs);
  }

  /** What can be known about bytes without reading them. */
  sealed interface Content {
    /** They are zeros. */
    record Zeros() implements Content {}

    /**
     * They are on the disk.
     *
     * @param shift bytes from their place in the image to that on the disk
     */
    record Stored(long shift) implements Content {}

    /** They may be anything. */
    record Unknown() implements Content {}
  }

  /**
   * Bytes that are known by the same.
   *
   * @param end the offset behind them; they begin where the run before them ends
   */
  record Run(long end, Content content) {}

  /**
   * A part of an image's map.
   *
   * @param extents begin at or before {@code from}; behind their end all is unknown
   * @param size bytes of the image: zeros are behind it, whatever else its last block holds
   */
  static BlockMap of(ExtentMap extents, long from, long to, long size) {
    List<Run> runs = new ArrayList<>();
    long told = from;
    for (Extent extent : extents.extents()) {
      if (extent.logical() < told && told > from) {
        // Something is told twice: which is right, nobody knows.
        return new BlockMap(List.of(new Run(to, UNKNOWN)));
      }
      append(runs, from, Math.min(extent.logical(), to), ZEROS);
      append(runs, from, Math.min(extent.end(), Math.min(size, to)), content(extent));
      told = Math.max(told, extent.end());
    }
    append(runs, from, Math.min(extents.end(), Math.min(size, to)), ZEROS);
    append(runs, from, Math.min(size, to), UNKNOWN);
    append(runs, from, to, ZEROS);
    return new BlockMap(runs);
  }

  private static Content content(Extent extent) {
    if (!extent.plain()) {
      return UNKNOWN;
    }
    return extent.unwritten() ? ZEROS : new Content.Stored(extent.physical() - extent.logical());
  }

  /** Lets the runs reach up to the end, if they don't already. */
  private static void append(List<Run> runs, long from, long end, Content content) {
    if (end <= (runs.isEmpty() ? from : runs.getLast().end())) {
      return;
    }
    if (!runs.isEmpty() && runs.getLast().content().equals(content)) {
      runs.removeLast();
    }
    runs.add(new Run(end, content));
  }

  /**
   * The ranges in which this image may differ from the other one, of which the map tells the same
   * part; none touches another.
   *
   * @param from where both begin
   */
  List<BlockRange> differences(BlockMap other, long from) {
    List<BlockRange> ranges = new ArrayList<>();
    int mine = 0;
    int others = 0;
    long at = from;
    while (mine < runs.size() && others < other.runs.size()) {
      Run run = runs.get(mine);
      Run otherRun = other.runs.get(others);
      long end = Math.min(run.end(), otherRun.end());
      if (!same(run.content(), otherRun.content())) {
        long begin = at;
        if (!ranges.isEmpty() && ranges.getLast().end() == at) {
          begin = ranges.removeLast().offset();
        }
        ranges.add(new BlockRange(begin, end - begin));
      }
      mine += run.end() == end ? 1 : 0;
      others += otherRun.end() == end ? 1 : 0;
      at = end;
    }
    return ranges;
  }

  private static boolean same(Content one, Content other) {
    return switch (one) {
      case Content.Zeros _, Content.Stored _ -> one.equals(other);
      case Content.Unknown _ -> false;
    };
  }
}
