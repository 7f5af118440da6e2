package dev.rockpool.node;

import dev.rockpool.proto.Capability;
import dev.rockpool.storage.Access;
import dev.rockpool.storage.NoDiskConflict;
import dev.rockpool.storage.NoDiskConflict.Target;
import dev.rockpool.storage.NoDiskConflict.Verdict;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.PendingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Shows staged volumes at targets, and ends that. Who calls holds the volume's lock of uses. */
final class Publishing {
  private final Supplier<Pools> pools;
  private final Mounts mounts;
  private final Images images;
  private final NodeState<StagedVolume> staged;
  private final VolumeLimits limits;

  Publishing(
      Supplier<Pools> pools,
      Mounts mounts,
      Images images,
      NodeState<StagedVolume> staged,
      VolumeLimits limits) {
    this.pools = pools;
    this.mounts = mounts;
    this.images = images;
    this.staged = staged;
    this.limits = limits;
  }

  /** Limits the users that an earlier process has published the volume to. */
  void recover(StagedVolume volume) {
    volume.publishedTargets().forEach(target -> limit(volume, Path.of(target.path())));
  }

  void publish(VolumeId id, Path staging, Path path, Capability capability, boolean readonly) {
    StagedVolume volume = requireStaged(id, staging);
    Requirements.use(volume, capability);
    Access access = volume.readOnly() ? Access.READ_ONLY : capability.mode().access(readonly);
    Target asked = new Target(path.toString(), capability.block(), capability.mode(), access);
    List<Target> targets = volume.publishedTargets();
    switch (NoDiskConflict.publish(targets, asked, volume.diskConflict(), volume.shareable())) {
      case Verdict.Held<Target> _ -> {}
      case Verdict.Granted<Target> _ -> show(volume, asked, path);
      case Verdict.Differs<Target>(Target held) ->
          throw new StorageException(
              Reason.ALREADY_EXISTS,
              "volume \""
                  + id
                  + "\" is published at "
                  + path
                  + " as "
                  + held.mode()
                  + " "
                  + held.access()
                  + "; asked: "
                  + asked.mode()
                  + " "
                  + asked.access());
      case Verdict.Conflict<Target>(Target held) ->
          throw StorageException.precondition(
              "volume \""
                  + id
                  + "\" is published at "
                  + held.path()
                  + " as "
                  + held.mode()
                  + " "
                  + held.access()
                  + ", which excludes "
                  + asked.mode()
                  + " "
                  + asked.access()
                  + " at "
                  + path);
    }
    limit(volume, path);
  }

  private StagedVolume requireStaged(VolumeId id, Path staging) {
    Optional<StagedVolume> volume =
        staged.find(id).filter(v -> v.stagingPath().equals(staging)).filter(StagedVolume::mounted);
    if (volume.isEmpty()) {
      var _ = Requirements.ready(pools.get(), id);
      throw StorageException.precondition(
          "volume \"" + id + "\" is not staged at " + staging + "; NodeStageVolume comes first");
    }
    return volume.get();
  }

  private void show(StagedVolume volume, Target target, Path path) {
    Requirements.nothingMounted(path);
    Requirements.outside(pools.get(), path);
    staged.save(volume.withTarget(target));
    boolean readOnly = target.access() == Access.READ_ONLY;
    try {
      if (target.block()) {
        images.publish(volume, path, readOnly);
      } else {
        Mounts.prepareDirectory(path);
        mounts.bind(volume.stagingPath(), path, readOnly);
      }
    } catch (PendingException e) {
      // What may still be bound there is remembered.
      throw e;
    } catch (RuntimeException e) {
      staged.save(volume.withoutTarget(target.path()));
      throw e;
    }
  }

  private void limit(StagedVolume volume, Path path) {
    // The filesystem under a directory volume is everybody's, whatever device it is on.
    Optional<LoopDevice> device =
        volume.contents().image() ? Mounts.at(path).flatMap(Mounts::loop) : Optional.empty();
    limits.use(volume.volume(), path, device);
  }

  void unpublish(VolumeId id, Path path) {
    Optional<StagedVolume> volume = staged.find(id);
    if (volume.isPresent() && volume.get().mountPoint().equals(path)) {
      throw StorageException.precondition(
          "volume \"" + id + "\" is staged at " + path + ": NodeUnstageVolume takes it off");
    }
    Optional<Mount> mount = Mounts.at(path);
    if (mount.isEmpty() && Files.exists(path)) {
      Requirements.outside(pools.get(), path);
    } else if (mount.isPresent()) {
      if (!Mounts.showsVolume(mount.get(), id)) {
        throw StorageException.precondition(
            "what is mounted at " + path + " is not volume \"" + id + "\"; it is left alone");
      }
      limits.leave(id, path);
      try {
        takeOff(path, mount.get());
      } catch (RuntimeException e) {
        volume.ifPresent(still -> limit(still, path));
        throw e;
      }
    }
    limits.leave(id, path);
    Mounts.removeMountPoint(path);
    if (volume.isPresent()) {
      staged.reduce(volume.get().withoutTarget(path.toString()));
    }
  }

  private void takeOff(Path path, Mount mount) {
    Optional<LoopDevice> device = LoopDevice.boundAt(mount);
    if (device.isPresent()) {
      images.unpublish(path, device.get());
    } else {
      mounts.unmount(path);
    }
  }
}
