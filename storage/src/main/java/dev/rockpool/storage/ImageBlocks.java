package dev.rockpool.storage;

import dev.rockpool.storage.host.Descriptor;
import dev.rockpool.storage.host.DiskAddresses;
import dev.rockpool.storage.host.ExtentMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the filesystem knows about the blocks of images that nobody writes: see {@link
 * SnapshotBlocks}, whose pages these are. No image is read, and of its map only a part is in
 * memory.
 *
 * <p>Two images that have the same block at the same offset hold the same bytes there. That one was
 * reflinked from the other is not needed for it to be true, but for it to be useful.
 */
final class ImageBlocks {
  /** How many extents are asked for at once: 56 KiB of them. */
  private static final int MOST = 1024;

  private ImageBlocks() {}

  /** The page of {@link SnapshotBlocks#allocated}. */
  static BlockPage allocated(Path image, long from) {
    try (Descriptor file = Descriptor.forReading(image)) {
      long size = Files.size(image);
      requireWithin(from, size);
      List<BlockRange> ranges = new ArrayList<>();
      long at = from;
      while (at < size && ranges.size() < MOST) {
        OptionalLong data = file.nextData(at);
        if (data.isEmpty()) {
          return new BlockPage(size, ranges, size);
        }
        long begin = data.getAsLong();
        at = file.nextHole(begin).orElse(size);
        ranges.add(new BlockRange(begin, at - begin));
      }
      return new BlockPage(size, ranges, at);
    } catch (IOException e) {
      throw StorageException.of("finding the data of a snapshot", e);
    }
  }

  /**
   * The page of {@link SnapshotBlocks#changed}.
   *
   * @throws StorageException PRECONDITION if the images are not on one filesystem that tells
   */
  static BlockPage changed(Path base, Path target, long from) {
    try (Descriptor baseFile = Descriptor.forReading(base);
        Descriptor targetFile = Descriptor.forReading(target)) {
      Optional<DiskAddresses> addresses = DiskAddresses.of(targetFile);
      if (addresses.isEmpty() || !addresses.equals(DiskAddresses.of(baseFile))) {
        throw StorageException.precondition(
            "which blocks two snapshots share is known if both are on one XFS or btrfs only:"
                + " back up all that is allocated instead");
      }
      long size = Files.size(target);
      requireWithin(from, size);
      if (from == size) {
        return new BlockPage(size, List.of(), size);
      }
      return changed(new Image(baseFile, Files.size(base)), new Image(targetFile, size), from);
    } catch (IOException e) {
      throw StorageException.of("comparing two snapshots", e);
    }
  }

  /** An open image, and its bytes. */
  private record Image(Descriptor file, long size) {
    /** The map from there on; an image ends with zeros without end. */
    ExtentMap extents(long from) throws IOException {
      ExtentMap extents =
          from < size
              ? ExtentMap.read(file, from, size, MOST)
              : new ExtentMap(List.of(), Long.MAX_VALUE);
      return extents.end() < size ? extents : new ExtentMap(extents.extents(), Long.MAX_VALUE);
    }

    BlockMap map(ExtentMap extents, long from, long to) {
      return BlockMap.of(extents, from, to, size);
    }
  }

  private static BlockPage changed(Image base, Image target, long from) throws IOException {
    ExtentMap baseExtents = base.extents(from);
    ExtentMap targetExtents = target.extents(from);
    long to = Math.min(target.size(), Math.min(baseExtents.end(), targetExtents.end()));
    if (to <= from) {
      throw new IOException("the extents at offset " + from + " end at " + to);
    }
    BlockMap baseMap = base.map(baseExtents, from, to);
    // A filesystem that moves blocks (btrfs balance) may have freed one of the base's and given it
    // to the target between the two looks.
    boolean moved = !base.map(base.extents(from), from, to).equals(baseMap);
    List<BlockRange> ranges =
        moved
            ? List.of(new BlockRange(from, to - from))
            : target.map(targetExtents, from, to).differences(baseMap, from);
    return new BlockPage(target.size(), ranges, to);
  }

  private static void requireWithin(long from, long size) {
    if (from < 0 || from > size) {
      throw new StorageException(
          StorageException.Reason.OUT_OF_RANGE,
          "starting_offset " + from + ": the snapshot has " + size + " bytes");
    }
  }
}
