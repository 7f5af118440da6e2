package dev.rockpool.storage;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A volume that somebody asks for.
 *
 * @param name the caller's name for it; the same name is the same volume
 * @param size the sizes that will do
 * @param block a raw block device, not a filesystem
 * @param fsType the filesystem to make; empty = ext4
 * @param modes all access modes that it must serve, at least one
 * @param pool the pool to take it from; empty = the pool "default", or the only one there is
 * @param allocation when its space is taken
 * @param diskConflict between whom the rule holds
 * @param mkfsOptions handed to mkfs after our own options
 * @param source whose content it begins with; empty = it begins empty
 * @param limits how fast each of its users may be
 * @param requisite places of which one must reach it; none = anywhere
 * @param requestedBy for whom, where that is known; the same volume whoever it is
 */
public record NewVolume(
    String name,
    SizeRange size,
    boolean block,
    Optional<FsType> fsType,
    Set<AccessMode> modes,
    Optional<PoolName> pool,
    Allocation allocation,
    DiskConflict diskConflict,
    List<String> mkfsOptions,
    Optional<VolumeSource> source,
    IoLimits limits,
    List<Topology> requisite,
    Optional<Requester> requestedBy) {

  public NewVolume {
    modes = Set.copyOf(modes);
    mkfsOptions = List.copyOf(mkfsOptions);
    requisite = List.copyOf(requisite);
  }

  /** One that begins empty, and without limits. */
  public NewVolume(
      String name,
      SizeRange size,
      boolean block,
      Optional<FsType> fsType,
      Set<AccessMode> modes,
      Optional<PoolName> pool,
      Allocation allocation,
      DiskConflict diskConflict,
      List<String> mkfsOptions,
      List<Topology> requisite) {
    this(
        name,
        size,
        block,
        fsType,
        modes,
        pool,
        allocation,
        diskConflict,
        mkfsOptions,
        Optional.empty(),
        IoLimits.NONE,
        requisite);
  }

  /** One of whom nobody says for whom it is. */
  public NewVolume(
      String name,
      SizeRange size,
      boolean block,
      Optional<FsType> fsType,
      Set<AccessMode> modes,
      Optional<PoolName> pool,
      Allocation allocation,
      DiskConflict diskConflict,
      List<String> mkfsOptions,
      Optional<VolumeSource> source,
      IoLimits limits,
      List<Topology> requisite) {
    this(
        name,
        size,
        block,
        fsType,
        modes,
        pool,
        allocation,
        diskConflict,
        mkfsOptions,
        source,
        limits,
        requisite,
        Optional.empty());
  }

  public NewVolume from(VolumeSource origin) {
    return new NewVolume(
        name,
        size,
        block,
        fsType,
        modes,
        pool,
        allocation,
        diskConflict,
        mkfsOptions,
        Optional.of(origin),
        limits,
        requisite,
        requestedBy);
  }
}
