package dev.rockpool.node;

import dev.rockpool.storage.Access;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Contents;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NoDiskConflict.Target;
import dev.rockpool.storage.PoolName;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.host.Mount;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this node does, or is about to do, with a volume. It is written before anything is attached
 * or mounted, so that a restart knows what to look for; whether it came to that, only the kernel's
 * mount table tells.
 *
 * @param volume the volume
 * @param pool that holds it
 * @param source the image file, or the directory
 * @param contents what the source is
 * @param sectorBytes logical sector size of the image's device
 * @param diskConflict between whom the rule holds
 * @param shareable whether the rule leaves its users alone
 * @param stagingPath where it is staged
 * @param mode the access mode it was staged with
 * @param access what this node may do with it
 * @param targets where it is published
 */
record StagedVolume(
    VolumeId volume,
    PoolName pool,
    Path source,
    Contents contents,
    int sectorBytes,
    DiskConflict diskConflict,
    boolean shareable,
    Path stagingPath,
    AccessMode mode,
    Access access,
    List<Target> targets) {

  /** The name of the file in the staging directory on which a block volume's device is bound. */
  static final String DEVICE = "device";

  StagedVolume {
    targets = List.copyOf(targets);
  }

  /** Where something is mounted when it is staged: a block volume's device is bound to a file. */
  Path mountPoint() {
    return contents == Contents.BLOCK ? stagingPath.resolve(DEVICE) : stagingPath;
  }

  boolean readOnly() {
    return access == Access.READ_ONLY;
  }

  /** Whether it is really there. */
  boolean mounted() {
    return Mounts.at(mountPoint()).filter(mount -> Mounts.shows(mount, source)).isPresent();
  }

  /** Of the targets that this node remembers, those that are really there. */
  List<Target> publishedTargets() {
    List<Path> there = Mounts.of(volume).stream().map(Mount::mountPoint).toList();
    return targets.stream().filter(target -> there.contains(Path.of(target.path()))).toList();
  }

  StagedVolume withTarget(Target target) {
    return withTargets(
        Stream.concat(withoutTarget(target.path()).targets.stream(), Stream.of(target)).toList());
  }

  StagedVolume withoutTarget(String path) {
    return withTargets(targets.stream().filter(target -> !target.path().equals(path)).toList());
  }

  private StagedVolume withTargets(List<Target> next) {
    return new StagedVolume(
        volume,
        pool,
        source,
        contents,
        sectorBytes,
        diskConflict,
        shareable,
        stagingPath,
        mode,
        access,
        next);
  }
}
