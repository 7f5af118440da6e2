package dev.rockpool.storage;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The pools that this process has open. */
public final class Pools implements AutoCloseable {
  private static final PoolName DEFAULT = new PoolName("default");

  private final Map<PoolName, Pool> byName;

  private Pools(Map<PoolName, Pool> byName) {
    this.byName = byName;
  }

  /** A volume's record, and the pool that holds it. */
  public record Found(Pool pool, VolumeRecord record) {
    public Volume volume() {
      return new Volume(record, pool.name(), pool.topology());
    }
  }

  /**
   * Opens all of them as this node, or none.
   *
   * @param maxVolumes how many volumes the node can hold; 0 = no limit
   * @throws StorageException as {@link Pool#open} does; INVALID if two have one name or directory
   */
  public static Pools open(List<PoolSpec> specs, NodeId node, int maxVolumes) {
    Pools pools = new Pools(new TreeMap<>());
    try {
      for (PoolSpec spec : specs) {
        if (pools.byName.containsKey(spec.name())) {
          throw StorageException.invalid("pool \"" + spec.name() + "\" is named twice");
        }
        pools.byName.put(spec.name(), Pool.open(spec, node, maxVolumes));
      }
      return pools;
    } catch (RuntimeException e) {
      pools.close();
      throw e;
    }
  }

  public List<Pool> all() {
    return List.copyOf(byName.values());
  }

  public Optional<Pool> named(PoolName name) {
    return Optional.ofNullable(byName.get(name));
  }

  /**
   * The pool that somebody asks for.
   *
   * @param name empty = the one named "default", or the only one there is
   * @throws StorageException INVALID if there is no such pool, with those that there are
   */
  Pool require(Optional<PoolName> name) {
    if (name.isEmpty() && byName.size() == 1) {
      return byName.values().iterator().next();
    }
    return named(name.orElse(DEFAULT))
        .orElseThrow(() ->
            StorageException.invalid(
                "parameter \"pool\": there is no pool \""
                    + name.orElse(DEFAULT)
                    + "\"; there are "
                    + byName.keySet()));
  }

  /**
   * The volume, in whatever state and pool.
   *
   * @throws StorageException UNAVAILABLE if it is in none of the pools that can be read, but others
   *     can't be
   */
  public Optional<Found> find(VolumeId id) {
    List<StorageException> unreadable = new ArrayList<>();
    for (Pool pool : byName.values()) {
      try {
        Optional<VolumeRecord> record = pool.find(id);
        if (record.isPresent()) {
          return Optional.of(new Found(pool, record.get()));
        }
      } catch (StorageException e) {
        unreadable.add(e);
      }
    }
    if (!unreadable.isEmpty()) {
      throw unreadable.getFirst();
    }
    return Optional.empty();
  }

  /** Why one of the pools can't be used now, if there is one that can't. */
  public Optional<String> ailment() {
    return byName.values().stream().flatMap(pool -> pool.ailment().stream()).findFirst();
  }

  @Override
  public void close() {
    byName.values().forEach(Pool::close);
  }
}
