package dev.rockpool.node;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.rockpool.proto.Capability;
import dev.rockpool.storage.Contents;
import dev.rockpool.storage.KeyedLocks;
import dev.rockpool.storage.NoDiskConflict.Target;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.Topology;
import dev.rockpool.storage.Volume;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeLocks;
import dev.rockpool.storage.VolumeRecord;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.Mount;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes on this node: stages them, publishes them to targets, and undoes both. Taking away
 * needs no record: the mount table and this node's own memory tell what there is.
 */
public final class NodeVolumes implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodeVolumes.class);

  // A staged block volume is asked for by its staging path, and its device is a file in there.
  private static final List<String> PLACES = List.of("", "/" + StagedVolume.DEVICE);

  // Pods' cgroups come after their volumes, and another node of a shared pool may change limits.
  private static final Duration LIMITS_PAUSE = Duration.ofSeconds(3);

  private final Supplier<Pools> pools;
  private final NodeConfig config;
  private final Images images;
  private final Statistics statistics;
  private final NodeState<StagedVolume> staged;
  private final KeyedLocks<VolumeId> locks;
  private final VolumeLimits limits;
  private final Staging staging;
  private final Publishing publishing;

  @GuardedBy("this")
  private @Nullable Heartbeat heartbeat;

  /**
   * @param pools gives the pools, or throws UNAVAILABLE while they are being opened
   * @param locks shared with whoever else works on volumes in this process
   */
  public NodeVolumes(Supplier<Pools> pools, NodeConfig config, VolumeLocks locks, Host host) {
    this.pools = pools;
    this.config = config;
    this.locks = locks.uses();
    Mounts mounts = new Mounts(host);
    this.images = new Images(host, mounts, Privileges.sysResource());
    this.statistics = new Statistics(host);
    this.staged = NodeState.staged(config.stateDirectory());
    this.limits =
        new VolumeLimits(
            config.cgroups(), config.stateDirectory(), id -> requireReady(id).record().limits());
    this.staging = new Staging(pools, config.node(), mounts, images, staged, limits);
    this.publishing = new Publishing(pools, mounts, images, staged, limits);
  }

  /**
   * Takes up what an earlier process of this node left: locks what is staged again, and clears away
   * what was begun and came to nothing. Called once, when the pools are open.
   */
  public void recover() {
    staged.load();
    limits.load();
    for (StagedVolume volume : staged.all()) {
      try {
        publishing.recover(volume);
        var _ = staging.recover(volume);
      } catch (StorageException | IOException e) {
        log.warn("volume \"{}\" can't be taken up again: {}", volume.volume(), e.getMessage());
      }
    }
    limits.applyAll();
    keepLimits();
  }

  private synchronized void keepLimits() {
    if (heartbeat == null) {
      heartbeat = Heartbeat.start("rockpool-limits", LIMITS_PAUSE, limits::applyAll);
    }
  }

  /** Ends what runs by itself. Volumes stay in use, and their limits stay as they are. */
  @Override
  public synchronized void close() {
    if (heartbeat != null) {
      heartbeat.close();
    }
  }

  /** Told of a volume whose limits have changed: where it is in use here, they hold from now on. */
  public void limited(Volume volume) {
    if (!volume.record().contents().image() && !volume.record().limits().none()) {
      log.warn(
          "the I/O limits of volume \"{}\" are recorded but not enforced: a directory volume has"
              + " no device of its own",
          volume.id());
    }
    limits.apply(volume.id());
  }

  /** How many volumes are in use here without the I/O limits that their records say. */
  public int unenforcedLimits() {
    return limits.unenforced();
  }

  public NodeId node() {
    return config.node();
  }

  public int maxVolumes() {
    return config.maxVolumes();
  }

  /** What volumes this node can use. */
  public Topology topology() {
    Map<String, String> segments = new HashMap<>(Topology.ofNode(config.node()).segments());
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
    stage(id, check(stagingPath, "staging_target_path"), capability);
  }

  /** The same, at a path of this node's own. */
  void stage(VolumeId id, Path stagingPath, Capability capability) {
    try (var _ = locks.lock(id)) {
      staging.stage(id, stagingPath, capability);
    } catch (IOException e) {
      throw StorageException.of("can't stage volume \"" + id + "\"", e);
    }
  }

  /**
   * Takes the volume off the staging path. Nothing happens if it is not staged there.
   *
   * @throws StorageException PRECONDITION while it is published, or something holds its device
   */
  void unstage(VolumeId id, String stagingPath) {
    unstage(id, check(stagingPath, "staging_target_path"));
  }

  /** The same, at a path of this node's own. */
  void unstage(VolumeId id, Path stagingPath) {
    try (var _ = locks.lock(id)) {
      staging.unstage(id, stagingPath);
    } catch (IOException e) {
      throw StorageException.of("can't unstage volume \"" + id + "\"", e);
    }
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
    Path path = check(target, "target_path");
    if (stagingPath.isEmpty()) {
      throw StorageException.precondition(
          "staging_target_path is required: this driver has STAGE_UNSTAGE_VOLUME");
    }
    publish(id, check(stagingPath, "staging_target_path"), path, capability, readonly);
  }

  /** The same, from a staging path of this node's own to a target that was checked. */
  void publish(
      VolumeId id, Path stagingPath, Path target, Capability capability, boolean readonly) {
    try (var _ = locks.lock(id)) {
      publishing.publish(id, stagingPath, target, capability, readonly);
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
      publishing.unpublish(id, check(target, "target_path"));
    }
  }

  /**
   * How full the volume is, and what is wrong with it here.
   *
   * @throws StorageException NOT_FOUND if it does not exist, or is not at the path
   */
  Statistics.Report report(VolumeId id, String volumePath) {
    Mount mount =
        at(id, volumePath).or(() -> lost(id, volumePath)).orElseThrow(() -> notAt(id, volumePath));
    List<String> ailments = new ArrayList<>(Ailments.of(staged.find(id), mount));
    limits.unenforced(id).ifPresent(ailments::add);
    Optional<LoopDevice> device = LoopDevice.boundAt(mount);
    try {
      Statistics.Usage usage =
          device.isPresent()
              ? statistics.ofDevice(device.get())
              : statistics.ofFilesystem(mount.mountPoint());
      return new Statistics.Report(Optional.of(usage), ailments);
    } catch (StorageException e) {
      ailments.add("its filesystem can't be measured: " + e.getMessage());
      return new Statistics.Report(Optional.empty(), ailments);
    }
  }

  /** The mount of a device that serves the volume no more, where this node has put the volume. */
  private Optional<Mount> lost(VolumeId id, String volumePath) {
    // Compared as text, since not every text is a path.
    String path = asMounted(volumePath);
    return staged
        .find(id)
        .filter(volume -> volume.contents() == Contents.BLOCK)
        .flatMap(volume ->
            volume.stagingPath().toString().equals(path)
                ? Optional.of(volume.mountPoint())
                : volume.targets().stream()
                    .map(Target::path)
                    .filter(path::equals)
                    .map(Path::of)
                    .findFirst())
        .flatMap(Mounts::at)
        .filter(
            mount -> LoopDevice.boundAt(mount).filter(device -> !device.attached()).isPresent());
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
      if (at(id, volumePath).isEmpty()) {
        throw notAt(id, volumePath);
      }
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
  private Optional<Mount> at(VolumeId id, String volumePath) {
    String path = asMounted(volumePath);
    return Mounts.of(id).stream()
        .filter(mount -> PLACES.stream().anyMatch(in -> same(mount.mountPoint(), path, in)))
        .findFirst();
  }

  private StorageException notAt(VolumeId id, String volumePath) {
    return StorageException.notFound(
        "volume \"" + id + "\" is not at " + Printable.of(asMounted(volumePath)));
  }

  private String asMounted(String path) {
    try {
      return check(path, "volume_path").toString();
    } catch (StorageException e) {
      return path;
    }
  }

  private static boolean same(Path mountPoint, String path, String in) {
    return (path + in).equals(mountPoint.toString());
  }

  /**
   * The path that a request names.
   *
   * @throws StorageException INVALID if it may not be used
   */
  Path check(String path, String field) {
    return config.paths().check(path, field);
  }

  private Pools.Found requireReady(VolumeId id) {
    return Requirements.ready(pools.get(), id);
  }
}
