package dev.rockpool.storage;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Builds the {@link NewVolume} that a test asks for: 16 MiB that one node may write. */
public final class Asked {
  public static final long MIB = 1L << 20;
  public static final long GIB = 1L << 30;

  private final String name;
  private final boolean block;
  private final Optional<FsType> fsType;
  private SizeRange size = new SizeRange(16 * MIB, 0);
  private Set<AccessMode> modes = Set.of(AccessMode.SINGLE_NODE_MULTI_WRITER);
  private Optional<PoolName> pool = Optional.empty();
  private Allocation allocation = Allocation.THIN;
  private DiskConflict diskConflict = DiskConflict.NODE;
  private List<String> mkfsOptions = List.of();
  private List<Topology> requisite = List.of();

  private Asked(String name, boolean block, Optional<FsType> fsType) {
    this.name = name;
    this.block = block;
    this.fsType = fsType;
  }

  /** A raw block volume: the quickest to make. */
  public static Asked block(String name) {
    return new Asked(name, true, Optional.empty());
  }

  public static Asked filesystem(String name, FsType type) {
    return new Asked(name, false, Optional.of(type));
  }

  /** A volume whose filesystem is left to the driver. */
  public static Asked filesystem(String name) {
    return new Asked(name, false, Optional.empty());
  }

  public Asked size(long required, long limit) {
    size = new SizeRange(required, limit);
    return this;
  }

  public Asked size(long bytes) {
    return size(bytes, 0);
  }

  public Asked modes(AccessMode... all) {
    modes = Set.of(all);
    return this;
  }

  public Asked pool(String name) {
    pool = Optional.of(new PoolName(name));
    return this;
  }

  public Asked thick() {
    allocation = Allocation.THICK;
    return this;
  }

  public Asked diskConflict(DiskConflict between) {
    diskConflict = between;
    return this;
  }

  public Asked mkfsOptions(String... options) {
    mkfsOptions = List.of(options);
    return this;
  }

  public Asked requisite(Topology... places) {
    requisite = List.of(places);
    return this;
  }

  public NewVolume build() {
    return new NewVolume(
        name, size, block, fsType, modes, pool, allocation, diskConflict, mkfsOptions, requisite);
  }
}
