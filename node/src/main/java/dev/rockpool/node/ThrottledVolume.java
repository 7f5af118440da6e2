package dev.rockpool.node;

import dev.rockpool.storage.VolumeId;
import java.util.Set;

/**
 * Where limits of a volume stand, or are about to: written before they are set, so that a device
 * whose number is another volume's later has none of them.
 *
 * @param volume whose limits they are
 * @param throttles where
 */
record ThrottledVolume(VolumeId volume, Set<Throttle> throttles) {
  ThrottledVolume {
    throttles = Set.copyOf(throttles);
  }
}
