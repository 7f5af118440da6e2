package dev.rockpool.storage;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

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

  /** A snapshot's record, and the pool that holds it. */
  record FoundSnapshot(Pool pool, SnapshotRecord record) {
    Snapshot snapshot() {
      return new Snapshot(record, pool.name(), pool.topology());
    }
  }

  /** A group's record, and the pool that holds it. */
  record FoundGroup(Pool pool, GroupRecord record) {}

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
    return first(pool -> pool.find(id).map(record -> new Found(pool, record)));
  }

  /** The volume, if it is ready; as {@link #find}. */
  public Optional<Found> ready(VolumeId id) {
    return find(id).filter(found -> found.record().state() == VolumeRecord.State.READY);
  }

  /**
   * The snapshot, in whatever state and pool.
   *
   * @throws StorageException as {@link #find} does
   */
  Optional<FoundSnapshot> findSnapshot(SnapshotId id) {
    return first(pool -> pool.find(id).map(record -> new FoundSnapshot(pool, record)));
  }

  /**
   * The group, in whatever state and pool.
   *
   * @throws StorageException as {@link #find} does
   */
  Optional<FoundGroup> findGroup(GroupId id) {
    return first(pool -> pool.find(id).map(record -> new FoundGroup(pool, record)));
  }

  /** The snapshot, if it is {@link #visible}; as {@link #findSnapshot}. */
  Optional<FoundSnapshot> visibleSnapshot(SnapshotId id) {
    return findSnapshot(id).filter(this::visible);
  }

  /** Whether its moment is held: a member of a group has none before all of them have one. */
  boolean visible(FoundSnapshot snapshot) {
    return switch (snapshot.record().state()) {
      // The group's record is in the pool of one of its members.
      case COPYING, READY ->
          snapshot
              .record()
              .group()
              .map(group ->
                  findGroup(group).stream()
                      .anyMatch(found -> found.record().state() == GroupRecord.State.READY))
              .orElse(true);
      case CREATING, DELETING -> false;
    };
  }

  private <T> Optional<T> first(Function<Pool, Optional<T>> find) {
    List<StorageException> unreadable = new ArrayList<>();
    for (Pool pool : byName.values()) {
      try {
        Optional<T> found = find.apply(pool);
        if (found.isPresent()) {
          return found;
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
    return byName.values().stream().flatMap(pool -> pool.trouble().stream()).findFirst();
  }

  @Override
  public void close() {
    byName.values().forEach(Pool::close);
  }
}
