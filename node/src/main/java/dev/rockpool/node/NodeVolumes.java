package dev.rockpool.node;

import dev.rockpool.proto.Capability;
import dev.rockpool.storage.Access;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.KeyedLocks;
import dev.rockpool.storage.NoDiskConflict;
import dev.rockpool.storage.NoDiskConflict.Target;
import dev.rockpool.storage.NoDiskConflict.Verdict;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.Topology;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeLocks;
import dev.rockpool.storage.VolumeRecord;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes on this node: stages them, publishes them to targets, and undoes both. Taking away
 * needs no record: the mount table and this node's own memory tell what there is.
 */
public final class NodeVolumes {
  private static final Logger log = LoggerFactory.getLogger(NodeVolumes.class);

  // A staged block volume is asked for by its staging path, and its device is a file in there.
  private static final List<String> PLACES = List.of("", "/" + StagedVolume.DEVICE);

  private final Supplier<Pools> pools;
  private final NodeId node;
  private final int maxVolumes;
  private final TargetPaths paths;
  private final Mounts mounts;
  private final Images images;
  private final Statistics statistics;
  private final StagedVolumes staged;
  private final KeyedLocks<VolumeId> locks;
  private final UseLocks useLocks;

  /**
   * @param pools gives the pools, or throws UNAVAILABLE while they are being opened
   * @param maxVolumes how many volumes the node can hold; 0 = no limit
   * @param stateDirectory where the node remembers what it has staged; made if it is missing
   * @param locks shared with whoever else works on volumes in this process
   */
  public NodeVolumes(
      Supplier<Pools> pools,
      NodeId node,
      int maxVolumes,
      TargetPaths paths,
      Path stateDirectory,
      VolumeLocks locks,
      Host host) {
    this.pools = pools;
    this.node = node;
    this.maxVolumes = maxVolumes;
    this.paths = paths;
    this.locks = locks.uses();
    this.mounts = new Mounts(host);
    this.images = new Images(host, mounts, Privileges.sysResource());
    this.statistics = new Statistics(host);
    this.staged = new StagedVolumes(stateDirectory);
    this.useLocks = new UseLocks(node);
  }

  /**
   * Takes up what an earlier process of this node left: locks what is staged again, and clears away
   * what was begun and came to nothing. Called once, when the pools are open.
   */
  public void recover() {
    staged.load();
    for (StagedVolume volume : staged.all()) {
      try {
        recover(volume);
      } catch (StorageException | IOException e) {
        log.warn("volume \"{}\" can't be taken up again: {}", volume.volume(), e.getMessage());
      }
    }
  }

  private void recover(StagedVolume volume) throws IOException {
    if (volume.mounted() || !volume.publishedTargets().isEmpty()) {
      useLocks.take(requireReady(volume.volume()), volume.access());
      if (volume.contents().image()) {
        images.sweep(volume);
      }
    } else {
      log.info("volume \"{}\" was staged by an earlier process and is no more", volume.volume());
      takeOff(volume);
    }
  }

  public NodeId node() {
    return node;
  }

  public int maxVolumes() {
    return maxVolumes;
  }

  /** What volumes this node can use. */
  public Topology topology() {
    Map<String, String> segments = new HashMap<>(Topology.ofNode(node).segments());
    for (Pool pool : pools.get().all()) {
      if (pool.kind() == PoolKind.SHARED) {
        segments.putAll(pool.topology().segments());
      }
    }
    return new Topology(segments);
  }

  /**
   * Makes the volume available at the staging path, to be published from there.
   *
   * @throws StorageException NOT_FOUND; INVALID for a bad path; ALREADY_EXISTS if it is staged in
   *     another way; PRECONDITION if it is not published to this node, can't be used so, or is in
   *     use elsewhere
   */
  void stage(VolumeId id, String stagingPath, Capability capability) {
    try (var _ = locks.lock(id)) {
      Path path = paths.check(stagingPath, "staging_target_path");
      Pools.Found found = requireReady(id);
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
      requireOutsidePools(path);
      useLocks.take(found, wanted.access());
      try {
        staged.save(wanted);
        serve(wanted, capability, record.capacityBytes());
      } catch (RuntimeException | IOException e) {
        giveUp(wanted, e);
        throw e;
      }
    } catch (IOException e) {
      throw StorageException.of("can't stage volume \"" + id + "\"", e);
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

  /**
   * Takes the volume off the staging path. Nothing happens if it is not staged there.
   *
   * @throws StorageException PRECONDITION while it is published, or something holds its device
   */
  void unstage(VolumeId id, String stagingPath) {
    try (var _ = locks.lock(id)) {
      Path path = paths.check(stagingPath, "staging_target_path");
      Optional<StagedVolume> now = staged.find(id).filter(v -> v.stagingPath().equals(path));
      if (now.isEmpty()) {
        clear(id, path);
        return;
      }
      Requirements.unpublished(now.get());
      takeOff(now.get());
    } catch (IOException e) {
      throw StorageException.of("can't unstage volume \"" + id + "\"", e);
    }
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
    if (volume.contents().image()) {
      images.unstage(volume);
    } else if (volume.mounted()) {
      mounts.unmount(volume.mountPoint());
    }
    staged.remove(volume.volume());
    useLocks.release(volume.volume());
  }

  /**
   * Shows the staged volume at the target.
   *
   * @throws StorageException NOT_FOUND; INVALID for a bad path; ALREADY_EXISTS if it is at the
   *     target in another way; PRECONDITION if it is not staged, can't be used so, or its other
   *     targets exclude it
   */
  void publish(
      VolumeId id, String stagingPath, String target, Capability capability, boolean readonly) {
    try (var _ = locks.lock(id)) {
      Path path = paths.check(target, "target_path");
      if (stagingPath.isEmpty()) {
        throw StorageException.precondition(
            "staging_target_path is required: this driver has STAGE_UNSTAGE_VOLUME");
      }
      Path staging = paths.check(stagingPath, "staging_target_path");
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
    }
  }

  private void show(StagedVolume volume, Target target, Path path) {
    Requirements.nothingMounted(path);
    requireOutsidePools(path);
    staged.save(volume.withTarget(target));
    boolean readOnly = target.access() == Access.READ_ONLY;
    try {
      if (target.block()) {
        images.publish(volume, path, readOnly);
      } else {
        Mounts.prepareDirectory(path);
        mounts.bind(volume.stagingPath(), path, readOnly);
      }
    } catch (RuntimeException e) {
      staged.save(volume.withoutTarget(target.path()));
      throw e;
    }
  }

  /**
   * Takes the volume off the target, and removes the target. Nothing happens if it is not there.
   *
   * @throws StorageException INVALID for a bad path; PRECONDITION if something else is at the
   *     target
   */
  void unpublish(VolumeId id, String target) {
    try (var _ = locks.lock(id)) {
      Path path = paths.check(target, "target_path");
      Optional<StagedVolume> volume = staged.find(id);
      if (volume.isPresent() && volume.get().mountPoint().equals(path)) {
        throw StorageException.precondition(
            "volume \"" + id + "\" is staged at " + path + ": NodeUnstageVolume takes it off");
      }
      Optional<Mount> mount = Mounts.at(path);
      if (mount.isEmpty() && Files.exists(path)) {
        requireOutsidePools(path);
      } else if (mount.isPresent()) {
        if (!Mounts.showsVolume(mount.get(), id)) {
          throw StorageException.precondition(
              "what is mounted at " + path + " is not volume \"" + id + "\"; it is left alone");
        }
        Optional<LoopDevice> device = LoopDevice.boundAt(mount.get());
        if (device.isPresent()) {
          images.unpublish(path, device.get());
        } else {
          mounts.unmount(path);
        }
      }
      Mounts.removeMountPoint(path);
      if (volume.isPresent()) {
        staged.save(volume.get().withoutTarget(path.toString()));
      }
    }
  }

  /**
   * How full the volume is.
   *
   * @throws StorageException NOT_FOUND if it does not exist, or is not at the path
   */
  Statistics.Usage statistics(VolumeId id, String volumePath) {
    Mount mount = requireAt(id, volumePath);
    Optional<LoopDevice> device = LoopDevice.boundAt(mount);
    return device.isPresent()
        ? statistics.ofDevice(device.get())
        : statistics.ofFilesystem(mount.mountPoint());
  }

  /**
   * Lets what is in use of the volume have the size that its record says.
   *
   * @return bytes that it has now
   * @throws StorageException NOT_FOUND if it does not exist, or is not at the path; OUT_OF_RANGE if
   *     the record says less than is required; PRECONDITION if its filesystem can't grow now
   */
  long expand(VolumeId id, String volumePath, SizeRange size, Optional<Capability> capability) {
    try (var _ = locks.lock(id)) {
      requireAt(id, volumePath);
      VolumeRecord record = requireReady(id).record();
      capability.ifPresent(asked ->
          record
              .objection(asked.block(), asked.fsType(), asked.mode())
              .ifPresent(objection -> {
                throw StorageException.invalid("volume_capability: " + objection);
              }));
      if (!size.contains(record.capacityBytes())) {
        throw new StorageException(
            Reason.OUT_OF_RANGE,
            "volume \""
                + id
                + "\" has "
                + record.capacityBytes()
                + " bytes, which does not fit "
                + size
                + "; ControllerExpandVolume changes that");
      }
      StagedVolume volume =
          staged
              .find(id)
              .orElseThrow(
                  () -> StorageException.precondition("volume \"" + id + "\" is not staged here"));
      if (volume.contents().image()) {
        images.grow(volume);
      }
      return record.capacityBytes();
    } catch (IOException e) {
      throw StorageException.of("can't grow volume \"" + id + "\"", e);
    }
  }

  /** The volume's mount at the path, whatever the path looks like: it is compared, not used. */
  private Mount requireAt(VolumeId id, String volumePath) {
    String path = asMounted(volumePath);
    return Mounts.of(id).stream()
        .filter(mount -> PLACES.stream().anyMatch(in -> same(mount.mountPoint(), path, in)))
        .findFirst()
        .orElseThrow(() ->
            StorageException.notFound("volume \"" + id + "\" is not at " + Printable.of(path)));
  }

  private String asMounted(String path) {
    try {
      return paths.check(path, "volume_path").toString();
    } catch (StorageException e) {
      return path;
    }
  }

  private static boolean same(Path mountPoint, String path, String in) {
    return (path + in).equals(mountPoint.toString());
  }

  private Pools.Found requireReady(VolumeId id) {
    return pools
        .get()
        .find(id)
        .filter(found -> found.record().state() == VolumeRecord.State.READY)
        .orElseThrow(() -> StorageException.notFound("no volume \"" + id + "\""));
  }

  private StagedVolume requireStaged(VolumeId id, Path staging) {
    Optional<StagedVolume> volume =
        staged.find(id).filter(v -> v.stagingPath().equals(staging)).filter(StagedVolume::mounted);
    if (volume.isEmpty()) {
      requireReady(id);
      throw StorageException.precondition(
          "volume \"" + id + "\" is not staged at " + staging + "; NodeStageVolume comes first");
    }
    return volume.get();
  }

  private void requireOutsidePools(Path path) {
    for (Pool pool : pools.get().all()) {
      if (path.startsWith(pool.directory())) {
        throw StorageException.invalid(path + " is inside of pool \"" + pool.name() + "\"");
      }
    }
  }
}
