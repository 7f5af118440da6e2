package dev.rockpool.node;

import dev.rockpool.proto.Capability;
import dev.rockpool.storage.Access;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeRecord;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.PendingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes volumes available on this node, and ends that. Who calls holds the volume's lock of uses.
 */
final class Staging {
  private static final Logger log = LoggerFactory.getLogger(Staging.class);

  private final Supplier<Pools> pools;
  private final NodeId node;
  private final Mounts mounts;
  private final Images images;
  private final NodeState<StagedVolume> staged;
  private final UseLocks useLocks;
  private final VolumeLimits limits;

  Staging(
      Supplier<Pools> pools,
      NodeId node,
      Mounts mounts,
      Images images,
      NodeState<StagedVolume> staged,
      VolumeLimits limits) {
    this.pools = pools;
    this.node = node;
    this.mounts = mounts;
    this.images = images;
    this.staged = staged;
    this.useLocks = new UseLocks(node);
    this.limits = limits;
  }

  /**
   * Takes up what an earlier process has staged, or clears it away if it came to nothing.
   *
   * @return whether it is staged
   */
  boolean recover(StagedVolume volume) throws IOException {
    if (volume.mounted() || !volume.publishedTargets().isEmpty()) {
      useLocks.take(Requirements.ready(pools.get(), volume.volume()), volume.access());
      if (volume.contents().image()) {
        images.sweep(volume);
      }
      return true;
    }
    log.info("volume \"{}\" was staged by an earlier process and is no more", volume.volume());
    takeOff(volume);
    return false;
  }

  void stage(VolumeId id, Path path, Capability capability) throws IOException {
    Pools.Found found = Requirements.ready(pools.get(), id);
    VolumeRecord record = found.record();
    Requirements.support(record, capability);
    StagedVolume wanted = wanted(found, path, capability);
    Optional<StagedVolume> now = staged.find(id);
    if (now.isPresent() && now.get().mounted()) {
      Requirements.same(now.get(), wanted);
      return;
    }
    if (now.isPresent()) {
      Requirements.unpublished(now.get());
      takeOff(now.get());
    }
    Requirements.nothingMounted(path);
    Mounts.requireEmptyDirectory(path);
    Requirements.outside(pools.get(), path);
    useLocks.take(found, wanted.access());
    try {
      staged.save(wanted);
      serve(wanted, capability, record.capacityBytes());
    } catch (RuntimeException | IOException e) {
      giveUp(wanted, e);
      throw e;
    }
  }

  private void serve(StagedVolume volume, Capability capability, long capacityBytes)
      throws IOException {
    if (volume.contents().image()) {
      images.stage(volume, capability.mountFlags(), capacityBytes);
    } else if (Files.isDirectory(volume.source(), LinkOption.NOFOLLOW_LINKS)) {
      mounts.bind(volume.source(), volume.stagingPath(), volume.readOnly());
    } else {
      throw new StorageException(
          Reason.FAILED,
          "volume \""
              + volume.volume()
              + "\" is damaged: its directory "
              + volume.source()
              + " is missing");
    }
  }

  private void giveUp(StagedVolume volume, Exception cause) {
    if (cause instanceof PendingException) {
      // What may still be mounted is this node's, until a repeated call finds it or takes it off.
      return;
    }
    try {
      if (!volume.mounted()) {
        staged.remove(volume.volume());
        useLocks.release(volume.volume());
      }
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  private StagedVolume wanted(Pools.Found found, Path path, Capability capability) {
    VolumeRecord record = found.record();
    Attachment attachment =
        record
            .attachment(node)
            .orElseThrow(() ->
                StorageException.precondition(
                    "volume \""
                        + record.id()
                        + "\" is not published to node \""
                        + node
                        + "\"; ControllerPublishVolume comes first"));
    boolean readOnly = attachment.access() == Access.READ_ONLY;
    Pool pool = found.pool();
    return new StagedVolume(
        record.id(),
        pool.name(),
        record.contents().image() ? pool.image(record.id()) : pool.data(record.id()),
        record.contents(),
        record.sectorBytes(),
        record.diskConflict(),
        record.shareable(),
        path,
        capability.mode(),
        capability.mode().access(readOnly),
        List.of());
  }

  void unstage(VolumeId id, Path path) throws IOException {
    Optional<StagedVolume> now = staged.find(id).filter(v -> v.stagingPath().equals(path));
    if (now.isEmpty()) {
      clear(id, path);
      return;
    }
    Requirements.unpublished(now.get());
    takeOff(now.get());
  }

  /** Clears away what is mounted there of the volume although this node does not remember it. */
  private void clear(VolumeId id, Path path) {
    for (Path place : List.of(path.resolve(StagedVolume.DEVICE), path)) {
      Optional<Mount> mount = Mounts.at(place).filter(found -> Mounts.showsVolume(found, id));
      if (mount.isPresent()) {
        Optional<LoopDevice> device = Mounts.loop(mount.get());
        boolean bound = !place.equals(path);
        if (device.isPresent()) {
          images.takeAway(device.get(), place, bound);
        } else {
          mounts.unmount(place);
        }
        if (bound) {
          Mounts.removeMountPoint(place);
        }
      }
    }
  }

  private void takeOff(StagedVolume volume) throws IOException {
    // While the device is still this volume's.
    limits.end(volume.volume());
    if (volume.contents().image()) {
      images.unstage(volume);
    } else if (volume.mounted()) {
      mounts.unmount(volume.mountPoint());
    }
    staged.remove(volume.volume());
    useLocks.release(volume.volume());
  }
}
