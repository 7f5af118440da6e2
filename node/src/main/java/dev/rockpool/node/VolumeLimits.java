package dev.rockpool.node;

import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.host.LoopDevice;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the users of volumes on this node to the limits in the volumes' records. What can't be
 * enforced is no failure: it is logged, counted, and told by {@link #unenforced(VolumeId)}.
 */
final class VolumeLimits {
  private static final Logger log = LoggerFactory.getLogger(VolumeLimits.class);

  private final IoCgroups cgroups;
  private final NodeState<ThrottledVolume> throttled;
  private final Function<VolumeId, IoLimits> recorded;
  private final ConcurrentMap<VolumeId, LimitedVolume> volumes = new ConcurrentHashMap<>();

  /**
   * @param recorded what the volume's record says; a StorageException if it can't be read
   */
  VolumeLimits(IoCgroups cgroups, Path stateDirectory, Function<VolumeId, IoLimits> recorded) {
    this.cgroups = cgroups;
    this.throttled = NodeState.throttled(stateDirectory);
    this.recorded = recorded;
  }

  /** Reads where an earlier process has set limits. */
  void load() {
    throttled.load();
    throttled.all().forEach(volume -> limited(volume.volume()));
  }

  /**
   * The volume is used at the target from now on, or still.
   *
   * @param device that the target shows; empty for a directory volume
   */
  void use(VolumeId id, Path target, Optional<LoopDevice> device) {
    limited(id).use(target, device.map(LoopDevice::majorMinor));
  }

  /** The volume is about to be taken off the target: its device's number may be another's soon. */
  void leave(VolumeId id, Path target) {
    LimitedVolume volume = volumes.get(id);
    if (volume != null) {
      volume.leave(target);
    }
  }

  /** The volume is about to be taken off this node. */
  void end(VolumeId id) {
    LimitedVolume volume = volumes.remove(id);
    if (volume != null) {
      volume.end();
    }
  }

  /** Lets the limits be as the volume's record says now, if it is used here. */
  void apply(VolumeId id) {
    LimitedVolume volume = volumes.get(id);
    if (volume != null) {
      volume.apply();
    }
  }

  /** The same for all volumes: cgroups come and go, and another node may change a record. */
  void applyAll() {
    for (VolumeId id : volumes.keySet()) {
      try {
        apply(id);
      } catch (StorageException e) {
        log.warn("limits of volume \"{}\": {}", id, e.getMessage());
      }
    }
  }

  /** Why the volume's limits don't hold, in a sentence, if they don't. */
  Optional<String> unenforced(VolumeId id) {
    return Optional.ofNullable(volumes.get(id)).flatMap(LimitedVolume::problem);
  }

  /** How many volumes are in use here without the limits that their records say. */
  int unenforced() {
    return (int) volumes.values().stream().filter(volume -> volume.problem().isPresent()).count();
  }

  private LimitedVolume limited(VolumeId id) {
    return volumes.computeIfAbsent(id, key -> new LimitedVolume(key, cgroups, throttled, recorded));
  }
}
