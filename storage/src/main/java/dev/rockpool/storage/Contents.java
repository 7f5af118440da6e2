package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;

/** What a volume consists of in its pool. */
public enum Contents {
  /** An image served as a raw block device. */
  @JsonProperty("block")
  BLOCK,
  /** An image with an ext4 in it. */
  @JsonProperty("ext4")
  EXT4,
  /** An image with an XFS in it. */
  @JsonProperty("xfs")
  XFS,
  /** An image with a btrfs in it. */
  @JsonProperty("btrfs")
  BTRFS,
  /** A directory of a shared pool, bind-mounted, for many writers on many nodes. */
  @JsonProperty("directory")
  DIRECTORY;

  public static Contents of(FsType type) {
    return switch (type) {
      case EXT4 -> EXT4;
      case XFS -> XFS;
      case BTRFS -> BTRFS;
    };
  }

  /** The filesystem in the image, where there is one. */
  public Optional<FsType> fsType() {
    return switch (this) {
      case EXT4 -> Optional.of(FsType.EXT4);
      case XFS -> Optional.of(FsType.XFS);
      case BTRFS -> Optional.of(FsType.BTRFS);
      case BLOCK, DIRECTORY -> Optional.empty();
    };
  }

  /** Whether it is an image on a loop device, not a directory. */
  public boolean image() {
    return this != DIRECTORY;
  }

  /** Bytes below which it can't be made or grown. */
  public long minimumBytes() {
    return fsType().map(FsType::minimumBytes).orElse(1L);
  }

  /** How a message speaks of it. */
  public String description() {
    return switch (this) {
      case BLOCK -> "a raw block volume";
      case EXT4, XFS, BTRFS -> "a volume with " + fsType().orElseThrow().label();
      case DIRECTORY -> "a directory volume";
    };
  }
}
