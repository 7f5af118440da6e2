package dev.rockpool.storage;

import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Groups of snapshots of one moment. A group's record says who its members are before the first of
 * them is made, and makes all of them visible at once when the last one is.
 */
final class PoolGroups {
  private static final Logger log = LoggerFactory.getLogger(PoolGroups.class);

  private final KeyedLocks<GroupId> locks = new KeyedLocks<>();
  private final KeyedLocks<VolumeId> changes;
  private final Stillness stillness;
  private final ImageForks forks;

  PoolGroups(KeyedLocks<VolumeId> changes, Stillness stillness, ImageForks forks) {
    this.changes = changes;
    this.stillness = stillness;
    this.forks = forks;
  }

  SnapshotGroup create(Pools pools, String name, List<VolumeId> sources) {
    GroupId id = GroupId.ofName(name);
    List<VolumeId> sorted = sources.stream().sorted().toList();
    try (var _ = locks.lock(id)) {
      Optional<Pools.FoundGroup> there = pools.findGroup(id);
      if (there.isPresent()) {
        GroupRecord record = there.get().record();
        if (record.state() != GroupRecord.State.DELETING) {
          requireSame(record, name, sorted);
        }
        if (record.state() == GroupRecord.State.READY) {
          return group(pools, record);
        }
        // What was interrupted has no moment yet.
        remove(pools, there.get());
      }
      List<KeyedLocks.Held> changing = new ArrayList<>();
      try {
        sorted.forEach(source -> changing.add(changes.lock(source)));
        return take(
            pools, id, name, sorted.stream().map(source -> require(pools, source)).toList());
      } finally {
        changing.forEach(KeyedLocks.Held::close);
      }
    }
  }

  private static void requireSame(GroupRecord is, String name, List<VolumeId> sources) {
    List<VolumeId> has = is.members().stream().map(GroupRecord.Member::source).toList();
    if (!is.name().equals(name) || !has.equals(sources)) {
      throw new StorageException(
          StorageException.Reason.ALREADY_EXISTS,
          "group \"" + is.id() + "\" exists, and is one of the volumes " + has);
    }
  }

  private static Pools.Found require(Pools pools, VolumeId id) {
    Pools.Found found =
        pools
            .ready(id)
            .orElseThrow(
                () -> StorageException.notFound("source_volume_ids: no volume \"" + id + "\""));
    if (!found.record().contents().image()) {
      throw StorageException.precondition(
          "volume \""
              + id
              + "\" is a directory, whose snapshot is not of one moment: it can't be in a group");
    }
    return found;
  }

  private SnapshotGroup take(Pools pools, GroupId id, String name, List<Pools.Found> volumes) {
    List<SnapshotRecord> planned =
        volumes.stream()
            .map(volume ->
                PoolSnapshots.plan(
                    volume, member(id, volume), name, Optional.of(id), Optional.empty()))
            .toList();
    Pool home = volumes.getFirst().pool();
    GroupRecord record =
        new GroupRecord(
            GroupRecord.FORMAT_VERSION,
            id,
            name,
            GroupRecord.State.CREATING,
            planned.stream()
                .map(member -> new GroupRecord.Member(member.id(), member.source()))
                .toList(),
            Instant.now().truncatedTo(ChronoUnit.MILLIS));
    // Before anything is written: what can't be held still together leaves nothing behind.
    try (Stillness.Held held = stillness.hold(volumes);
        Pool.UseLock _ = write(home, record)) {
      return take(pools, home, record, volumes, planned, held);
    }
  }

  private SnapshotGroup take(
      Pools pools,
      Pool home,
      GroupRecord record,
      List<Pools.Found> volumes,
      List<SnapshotRecord> planned,
      Stillness.Held held) {
    GroupId id = record.id();
    try {
      Instant moment = take(volumes, planned, held).truncatedTo(ChronoUnit.MILLIS);
      return group(
          pools, home.groups().update(id, now -> now.withState(GroupRecord.State.READY, moment)));
    } catch (IOException e) {
      StorageException failure =
          StorageException.of("can't take group \"" + id + "\" of snapshots", e);
      abandon(pools, home, record, failure);
      throw failure;
    } catch (RuntimeException e) {
      abandon(pools, home, record, e);
      throw e;
    }
  }

  private static SnapshotId member(GroupId group, Pools.Found volume) {
    // A slash is in no label, so this is always a hash, and nobody else's name.
    return SnapshotId.ofName("group/" + group + "/" + volume.record().id());
  }

  private static Pool.UseLock write(Pool home, GroupRecord record) {
    GroupId id = record.id();
    try {
      AtomicFiles.ensureDirectory(home.groups().kind().directory(id));
    } catch (IOException e) {
      throw StorageException.of("can't make group \"" + id + "\"", e);
    }
    // Held until it is taken: who finds it half made sees that somebody is making it.
    Pool.UseLock lock = home.work(id);
    try {
      home.groups().create(record);
      return lock;
    } catch (StorageException e) {
      home.groups().sweep(id);
      lock.close();
      throw e;
    }
  }

  private Instant take(List<Pools.Found> volumes, List<SnapshotRecord> planned, Stillness.Held held)
      throws IOException {
    List<ImageForks.Fork> images = new ArrayList<>();
    List<Pool.UseLock> locks = new ArrayList<>();
    try {
      for (int i = 0; i < planned.size(); i++) {
        Pool pool = volumes.get(i).pool();
        SnapshotRecord member = planned.get(i);
        locks.add(PoolSnapshots.write(pool, member));
        images.add(
            new ImageForks.Fork(pool.image(member.source()), pool.layout().image(member.id())));
      }
      Instant moment =
          forks
              .share(held, images)
              .orElseThrow(() ->
                  StorageException.precondition(
                      "a group needs pools whose filesystems have reflinks (XFS, btrfs): copies of"
                          + " several volumes are not of one moment"));
      for (int i = 0; i < planned.size(); i++) {
        SnapshotRecord member = planned.get(i);
        SnapshotStore store = volumes.get(i).pool().snapshots();
        AtomicFiles.sync(store.kind().directory(member.id()));
        store.update(member.id(), now -> now.readyAt(moment.truncatedTo(ChronoUnit.MILLIS)));
      }
      return moment;
    } finally {
      locks.forEach(Pool.UseLock::close);
    }
  }

  private static void abandon(Pools pools, Pool home, GroupRecord record, RuntimeException cause) {
    try {
      removeHeld(pools, new Pools.FoundGroup(home, record));
    } catch (StorageException e) {
      cause.addSuppressed(e);
      log.warn("group \"{}\" stays half made, a retry removes it: {}", record.id(), e.getMessage());
    }
  }

  void delete(Pools pools, GroupId id) {
    try (var _ = locks.lock(id)) {
      Optional<Pools.FoundGroup> there = pools.findGroup(id);
      if (there.isEmpty()) {
        pools.all().forEach(pool -> pool.groups().sweep(id));
        return;
      }
      remove(pools, there.get());
    }
  }

  private static void remove(Pools pools, Pools.FoundGroup group) {
    try (Pool.UseLock _ = group.pool().work(group.record().id())) {
      removeHeld(pools, group);
    } catch (StorageException e) {
      // Removed meanwhile by another node, it is what it was to become.
      if (e.reason() != StorageException.Reason.NOT_FOUND) {
        throw e;
      }
    }
  }

  /** Removes the members first: as long as one is left, the record says to which group it is. */
  private static void removeHeld(Pools pools, Pools.FoundGroup group) {
    GroupRecord record = group.record();
    GroupStore store = group.pool().groups();
    store.mark(record.id(), now -> now.withState(GroupRecord.State.DELETING, now.createdAt()));
    for (GroupRecord.Member member : record.members()) {
      Optional<Pools.FoundSnapshot> found = pools.findSnapshot(member.snapshot());
      if (found.isEmpty()) {
        // Its removal may have been cut short between its record and its directory.
        pools.all().forEach(pool -> pool.snapshots().sweep(member.snapshot()));
      } else if (found.get().record().group().filter(record.id()::equals).isPresent()) {
        PoolSnapshots.deleteFrom(found.get().pool(), member.snapshot());
      }
    }
    try {
      store.remove(record.id());
    } catch (IOException e) {
      throw StorageException.of("can't delete group \"" + record.id() + "\"", e);
    }
  }

  Optional<SnapshotGroup> find(Pools pools, GroupId id) {
    return pools
        .findGroup(id)
        .map(Pools.FoundGroup::record)
        .filter(record -> record.state() == GroupRecord.State.READY)
        .map(record -> group(pools, record));
  }

  private static SnapshotGroup group(Pools pools, GroupRecord record) {
    List<Snapshot> members =
        record.members().stream()
            .flatMap(member -> pools.findSnapshot(member.snapshot()).stream())
            .map(Pools.FoundSnapshot::snapshot)
            .sorted(Comparator.comparing(Snapshot::id))
            .collect(Collectors.toList());
    return new SnapshotGroup(record, members);
  }
}
