package dev.rockpool.storage;

import java.util.List;
import java.util.Map;

/**
 * From where a volume or a pool can be used, as key-value segments (CSI: Topology).
 *
 * @param segments the keys and values, all of which must hold
 */
public record Topology(Map<String, String> segments) {
  private static final String PREFIX = "topology.rockpool.dev/";

  public Topology {
    segments = Map.copyOf(segments);
  }

  /** Of what is on one node only. */
  public static Topology ofNode(NodeId node) {
    return new Topology(Map.of(PREFIX + "node", node.value()));
  }

  /** Of a filesystem that several nodes have; the id tells two pools of one name apart. */
  public static Topology ofSharedPool(PoolName name, String poolId) {
    return new Topology(Map.of(PREFIX + "pool." + name, poolId));
  }

  /** Whether a place with the other's segments can use what this describes. */
  public boolean reachableFrom(Topology place) {
    return place.segments.entrySet().containsAll(segments.entrySet());
  }

  /** Whether at least one of the places can use it; no places at all is no requirement. */
  public boolean reachableFromAny(List<Topology> places) {
    return places.isEmpty() || places.stream().anyMatch(this::reachableFrom);
  }
}
