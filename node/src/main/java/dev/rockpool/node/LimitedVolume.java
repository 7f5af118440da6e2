package dev.rockpool.node;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The users of one volume on this node, and where its limits stand for them. */
final class LimitedVolume {
  private static final Logger log = LoggerFactory.getLogger(LimitedVolume.class);

  private final VolumeId id;
  private final IoCgroups cgroups;
  private final NodeState<ThrottledVolume> throttled;
  private final Function<VolumeId, IoLimits> recorded;

  /** The device that each target shows; empty for a directory volume. */
  @GuardedBy("this")
  private final Map<Path, Optional<String>> devices = new TreeMap<>();

  /** What this process has set. */
  @GuardedBy("this")
  private final Map<Throttle, Standing> standing = new HashMap<>();

  @GuardedBy("this")
  private IoLimits limits = IoLimits.NONE;

  @GuardedBy("this")
  private IoLimits told = IoLimits.NONE;

  private volatile Optional<String> problem = Optional.empty();

  /**
   * Limits that stand somewhere.
   *
   * @param limits what was set
   * @param cgroup tells the cgroup from a later one of the same name
   */
  private record Standing(IoLimits limits, String cgroup) {}

  LimitedVolume(
      VolumeId id,
      IoCgroups cgroups,
      NodeState<ThrottledVolume> throttled,
      Function<VolumeId, IoLimits> recorded) {
    this.id = id;
    this.cgroups = cgroups;
    this.throttled = throttled;
    this.recorded = recorded;
  }

  synchronized void use(Path target, Optional<String> device) {
    devices.put(target, device);
    apply();
  }

  synchronized void leave(Path target) {
    if (devices.remove(target) != null) {
      enforce();
    }
  }

  synchronized void end() {
    devices.clear();
    enforce();
  }

  synchronized void apply() {
    try {
      limits = recorded.apply(id);
    } catch (StorageException e) {
      // They stay as they were: who uses the volume goes on, too.
      log.debug("the limits of volume \"{}\" can't be read: {}", id, e.getMessage());
    }
    enforce();
  }

  /** Why the limits don't hold, if they don't. */
  Optional<String> problem() {
    return problem;
  }

  @GuardedBy("this")
  private void enforce() {
    Set<String> problems = new LinkedHashSet<>();
    Set<Throttle> wanted = limits.none() ? Set.of() : wanted(problems);
    Set<Throttle> before = throttled.find(id).map(ThrottledVolume::throttles).orElse(Set.of());
    Set<Throttle> both = new HashSet<>(before);
    both.addAll(wanted);
    remember(both, before);
    standing.keySet().retainAll(wanted);
    both.stream().filter(throttle -> !wanted.contains(throttle)).forEach(this::clear);
    wanted.forEach(throttle -> set(throttle, problems));
    remember(wanted, both);
    tell(problems);
  }

  @GuardedBy("this")
  private Set<Throttle> wanted(Set<String> problems) {
    Set<Throttle> wanted = new HashSet<>();
    devices.forEach((target, device) -> {
      try {
        if (device.isEmpty()) {
          problems.add("a directory volume has no device of its own");
        } else {
          for (Path cgroup : cgroups.controller().members(cgroups.of(target))) {
            wanted.add(new Throttle(cgroup, device.get()));
          }
        }
      } catch (StorageException | IOException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    });
    return wanted;
  }

  private void remember(Set<Throttle> throttles, Set<Throttle> known) {
    if (throttles.equals(known)) {
      return;
    }
    if (throttles.isEmpty()) {
      throttled.remove(id);
    } else {
      throttled.save(new ThrottledVolume(id, throttles));
    }
  }

  @GuardedBy("this")
  private void set(Throttle throttle, Set<String> problems) {
    try {
      Standing wanted = new Standing(limits, key(throttle.cgroup()));
      // Each time that limits are set, the kernel begins to count anew.
      if (!wanted.equals(standing.get(throttle))) {
        standing.remove(throttle);
        cgroups.controller().limit(throttle.cgroup(), throttle.device(), limits);
        standing.put(throttle, wanted);
      }
    } catch (NoSuchFileException e) {
      log.debug("{} has ended", throttle.cgroup());
    } catch (IOException e) {
      problems.add(e.getMessage() + " (device " + throttle.device() + ")");
    }
  }

  private static String key(Path cgroup) throws IOException {
    return String.valueOf(Files.readAttributes(cgroup, BasicFileAttributes.class).fileKey());
  }

  private void clear(Throttle throttle) {
    try {
      cgroups.controller().limit(throttle.cgroup(), throttle.device(), IoLimits.NONE);
    } catch (NoSuchFileException e) {
      log.debug("{} has ended, and its limits with it", throttle.cgroup());
    } catch (IOException | StorageException e) {
      if (String.valueOf(e.getMessage()).contains("No such device")) {
        return;
      }
      log.warn(
          "the limits of volume \"{}\" stay in {} for device {}: {}",
          id,
          throttle.cgroup(),
          throttle.device(),
          e.getMessage());
    }
  }

  /** Once for each change. */
  @GuardedBy("this")
  private void tell(Set<String> problems) {
    Optional<String> now =
        problems.isEmpty()
            ? Optional.empty()
            : Optional.of(
                "its I/O limits are recorded but not enforced: " + String.join("; ", problems));
    boolean changed = !limits.equals(told);
    if (now.isPresent() && (changed || !now.equals(problem))) {
      log.warn("volume \"{}\": {} ({})", id, now.get(), limits);
    } else if (now.isEmpty() && !devices.isEmpty() && (changed || problem.isPresent())) {
      log.info("volume \"{}\" is held to {} by {}", id, limits, controller());
    }
    problem = now;
    told = devices.isEmpty() ? IoLimits.NONE : limits;
  }

  @GuardedBy("this")
  private String controller() {
    return limits.none() ? "nothing" : cgroups.controller().description();
  }
}
