package dev.rockpool.storage;

import java.util.Map;

/**
 * A volume, and where it is.
 *
 * @param record the truth about it
 * @param pool the pool that holds it
 * @param topology from where it can be used
 */
public record Volume(VolumeRecord record, PoolName pool, Topology topology) {
  public VolumeId id() {
    return record.id();
  }

  /** What a user should know, and would otherwise find out by filling the filesystem. */
  public Map<String, String> context() {
    return record.sizeEnforced() ? Map.of() : Map.of("sizeEnforced", "false");
  }
}
