package dev.rockpool.storage;

import dev.rockpool.storage.host.FileSpace;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The snapshots in the pools of this machine. */
public final class PoolSnapshots implements Snapshots, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PoolSnapshots.class);

  private final Supplier<Pools> pools;
  private final KeyedLocks<VolumeId> changes;
  private final KeyedLocks<SnapshotId> locks = new KeyedLocks<>();
  private final Stillness stillness;
  private final ImageForks forks = new ImageForks();
  private final SnapshotCopies copies;
  private final PoolGroups groups;

  /**
   * @param pools gives the pools, or throws UNAVAILABLE while they are being opened
   * @param locks shared with whoever else works on volumes in this process
   * @param rate that all copies together have
   */
  public PoolSnapshots(Supplier<Pools> pools, Host host, VolumeLocks locks, CopyRate rate) {
    this.pools = pools;
    this.changes = locks.changes();
    this.stillness = new Stillness(new LoopDevices(host), locks.uses());
    this.copies = new SnapshotCopies(rate, new Restoring(host, stillness, rate));
    this.groups = new PoolGroups(changes, stillness, forks);
  }

  /**
   * Takes up what an earlier process of this node left: thaws what it was about to take, and goes
   * on with copies. Called once, before anything is served.
   */
  public void recover(Pools open) {
    for (Pool pool : open.all()) {
      pool.snapshots()
          .after(Optional.empty())
          .filter(record -> isOurs(pool, record))
          .forEach(record -> recover(open, pool, record));
      pool.volumes()
          .after(Optional.empty())
          .filter(record -> record.state() == VolumeRecord.State.CREATING)
          .flatMap(record -> record.source().stream())
          .forEach(source -> {
            if (source instanceof VolumeSource.OfVolume(VolumeId id)) {
              open.find(id).ifPresent(stillness::mend);
            }
          });
    }
  }

  /** Whether nobody but this node goes on with it: a disk may have come from another node. */
  private static boolean isOurs(Pool pool, SnapshotRecord record) {
    return pool.kind() == PoolKind.LOCAL || record.node().equals(pool.node());
  }

  private void recover(Pools open, Pool pool, SnapshotRecord record) {
    try {
      switch (record.state()) {
        case CREATING -> open.find(record.source()).ifPresent(stillness::mend);
        case COPYING -> goOn(open, new Pools.FoundSnapshot(pool, record));
        case READY, DELETING -> {}
      }
    } catch (StorageException e) {
      log.warn("snapshot \"{}\" is not gone on with: {}", record.id(), e.getMessage());
    }
  }

  @Override
  public Snapshot create(String name, VolumeId source, Optional<Requester> requestedBy) {
    SnapshotId id = SnapshotId.ofName(name);
    try (var _ = locks.lock(id)) {
      Pools open = pools.get();
      Optional<Pools.FoundSnapshot> there = open.findSnapshot(id);
      if (there.isPresent() && there.get().record().state() != SnapshotRecord.State.DELETING) {
        requireSame(there.get().record(), name, source);
        if (there.get().record().state() != SnapshotRecord.State.CREATING) {
          return copying(open, there.get()).snapshot();
        }
      }
      // What was interrupted has no moment yet.
      there.ifPresent(this::finishDelete);
      return take(open, id, name, source, requestedBy).snapshot();
    }
  }

  private static void requireSame(SnapshotRecord is, String name, VolumeId source) {
    if (!is.source().equals(source) || !is.name().equals(name) || is.group().isPresent()) {
      throw new StorageException(
          StorageException.Reason.ALREADY_EXISTS,
          "snapshot \""
              + is.id()
              + "\" exists, and is one of volume \""
              + is.source()
              + "\""
              + is.group().map(group -> " in group \"" + group + "\"").orElse(""));
    }
  }

  private static Pools.Found require(Pools open, VolumeId id) {
    return open.ready(id)
        .orElseThrow(() -> StorageException.notFound("source_volume_id: no volume \"" + id + "\""));
  }

  private Pools.FoundSnapshot take(
      Pools open, SnapshotId id, String name, VolumeId source, Optional<Requester> requestedBy) {
    try (var _ = changes.lock(source)) {
      Pools.Found volume = require(open, source);
      SnapshotRecord planned = plan(volume, id, name, Optional.empty(), requestedBy);
      try (Pool.UseLock _ = write(volume.pool(), planned)) {
        return take(volume, planned);
      }
    }
  }

  /** The record of a snapshot that is about to be taken. */
  static SnapshotRecord plan(
      Pools.Found volume,
      SnapshotId id,
      String name,
      Optional<GroupId> group,
      Optional<Requester> requestedBy) {
    VolumeRecord record = volume.record();
    return new SnapshotRecord(
        SnapshotRecord.FORMAT_VERSION,
        id,
        name,
        SnapshotRecord.State.CREATING,
        record.id(),
        record.contents(),
        record.capacityBytes(),
        record.sectorBytes(),
        promisedBytes(volume),
        0,
        Instant.EPOCH,
        volume.pool().node(),
        group,
        now(),
        requestedBy);
  }

  /** What the snapshot can come to take when nothing is shared any more. */
  private static long promisedBytes(Pools.Found volume) {
    VolumeRecord record = volume.record();
    if (!record.contents().image()) {
      return record.capacityBytes();
    }
    Path image = volume.pool().image(record.id());
    try {
      return Math.min(record.capacityBytes(), FileSpace.allocatedBytes(image));
    } catch (IOException e) {
      throw StorageException.of("can't measure volume \"" + record.id() + "\"", e);
    }
  }

  /**
   * Writes the record of what is about to be taken, and with it the promise of its space.
   *
   * @return held until the snapshot is taken: who finds it without a moment sees that it gets one
   */
  static Pool.UseLock write(Pool pool, SnapshotRecord record) {
    return pool.promise(record.promisedBytes(), () -> begin(pool, record));
  }

  private static Pool.UseLock begin(Pool pool, SnapshotRecord record) {
    SnapshotId id = record.id();
    try {
      AtomicFiles.ensureDirectory(pool.snapshots().kind().directory(id));
    } catch (IOException e) {
      StorageException failure = StorageException.of("can't make snapshot \"" + id + "\"", e);
      abandon(pool, id, failure);
      throw failure;
    }
    // The lock's file is made here, where there is room: a full disk must not keep the snapshot
    // from being deleted.
    Pool.UseLock lock = pool.use(id, false).orElseThrow(() -> busyElsewhere(id));
    try {
      pool.snapshots().create(record);
      return lock;
    } catch (StorageException e) {
      abandon(pool, id, e);
      lock.close();
      throw e;
    }
  }

  private static StorageException busyElsewhere(SnapshotId id) {
    return StorageException.busy(
        "another node is taking or removing snapshot \"" + id + "\"; try again");
  }

  private static Instant now() {
    return Instant.now().truncatedTo(ChronoUnit.MILLIS);
  }

  /** Takes the moment of a snapshot whose record is written; what fails leaves nothing behind. */
  private Pools.FoundSnapshot take(Pools.Found volume, SnapshotRecord record) {
    Pool pool = volume.pool();
    try (Stillness.Held held = stillness.hold(List.of(volume))) {
      SnapshotRecord taken =
          record.contents().image()
              ? takeImage(pool, record, held)
              : startCopy(pool, record, volume.record());
      return new Pools.FoundSnapshot(pool, taken);
    } catch (IOException e) {
      StorageException failure =
          StorageException.of("can't take snapshot \"" + record.id() + "\"", e);
      abandon(pool, record.id(), failure);
      throw failure;
    } catch (RuntimeException e) {
      abandon(pool, record.id(), e);
      throw e;
    }
  }

  private SnapshotRecord takeImage(Pool pool, SnapshotRecord record, Stillness.Held held)
      throws IOException {
    ImageForks.Fork fork =
        new ImageForks.Fork(pool.image(record.source()), pool.layout().image(record.id()));
    Optional<Instant> moment = forks.share(held, List.of(fork));
    if (moment.isEmpty() && !held.inUse()) {
      return startCopy(pool, record, pool.volumes().find(record.source()).orElseThrow());
    }
    Instant taken = moment.isPresent() ? moment.get() : forks.copyHeld(held, fork);
    long copied = moment.isPresent() ? 0 : record.sizeBytes();
    AtomicFiles.sync(pool.snapshots().kind().directory(record.id()));
    long promised = Math.min(record.sizeBytes(), FileSpace.allocatedBytes(fork.to()));
    return pool.snapshots()
        .update(
            record.id(),
            now ->
                now.withPromised(promised)
                    .withCopied(copied)
                    .readyAt(taken.truncatedTo(ChronoUnit.MILLIS)));
  }

  private SnapshotRecord startCopy(Pool pool, SnapshotRecord record, VolumeRecord source)
      throws IOException {
    // A second lock beside that of the stillness: it is held until the copy has ended.
    Pool.UseLock lock =
        pool.use(source, Access.READ_ONLY)
            .orElseThrow(() ->
                StorageException.precondition(
                    "volume \"" + source.id() + "\" is in use, and can't be copied"));
    try {
      Instant changed = changedAt(pool, record);
      SnapshotRecord copying =
          pool.snapshots().update(record.id(), now -> now.copyingFrom(changed, now()));
      copies.start(pool, copying, lock);
      return copying;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static Instant changedAt(Pool pool, SnapshotRecord record) throws IOException {
    Path contents =
        record.contents().image() ? pool.image(record.source()) : pool.data(record.source());
    return Files.getLastModifiedTime(contents).toInstant();
  }

  /** The snapshot, whose copy, if it is one that has not ended, goes on if need be. */
  private Pools.FoundSnapshot copying(Pools open, Pools.FoundSnapshot snapshot) {
    if (snapshot.record().ready()) {
      return snapshot;
    }
    SnapshotId id = snapshot.record().id();
    Optional<StorageException> failure = copies.failure(id);
    if (failure.isPresent()) {
      abandon(snapshot.pool(), id, failure.get());
      throw failure.get();
    }
    boolean elsewhere = !isOurs(snapshot.pool(), snapshot.record());
    return elsewhere || copies.isRunning(id) ? snapshot : goOn(open, snapshot);
  }

  /** Goes on with a copy that was interrupted, from the beginning if its source has changed. */
  private Pools.FoundSnapshot goOn(Pools open, Pools.FoundSnapshot snapshot) {
    Pool pool = snapshot.pool();
    SnapshotRecord record = snapshot.record();
    Pools.Found volume = require(open, record.source());
    Pool.UseLock lock =
        pool.use(volume.record(), Access.READ_ONLY)
            .orElseThrow(() ->
                StorageException.precondition(
                    "volume \""
                        + record.source()
                        + "\" is in use: its copy goes on when it is not"));
    try {
      Instant changed = changedAt(pool, record);
      boolean same = record.contents().image() && changed.equals(record.sourceChangedAt());
      SnapshotRecord next =
          same
              ? record
              : pool.snapshots().update(record.id(), now -> now.copyingFrom(changed, now()));
      log.info("copying snapshot \"{}\" goes on at byte {}", record.id(), next.copiedBytes());
      copies.start(pool, next, lock);
      return new Pools.FoundSnapshot(pool, next);
    } catch (IOException e) {
      lock.close();
      throw StorageException.of("can't go on with snapshot \"" + record.id() + "\"", e);
    } catch (RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static void abandon(Pool pool, SnapshotId id, RuntimeException cause) {
    try {
      remove(pool, id);
    } catch (IOException | StorageException e) {
      cause.addSuppressed(e);
      log.warn("snapshot \"{}\" stays half made, a retry goes on with it: {}", id, e.toString());
    }
  }

  @Override
  public void delete(SnapshotId id) {
    try (var _ = locks.lock(id)) {
      Pools open = pools.get();
      Optional<Pools.FoundSnapshot> there = open.findSnapshot(id);
      if (there.isEmpty()) {
        open.all().forEach(pool -> pool.snapshots().sweep(id));
        return;
      }
      Optional<GroupId> group = there.get().record().group();
      if (group.isPresent() && open.findGroup(group.get()).isPresent()) {
        throw StorageException.invalid(
            "snapshot_id: snapshot \""
                + id
                + "\" is a member of group \""
                + group.get()
                + "\", and goes with it: DeleteVolumeGroupSnapshot");
      }
      finishDelete(there.get());
    }
  }

  private void finishDelete(Pools.FoundSnapshot snapshot) {
    SnapshotId id = snapshot.record().id();
    copies.cancel(id);
    copies.failure(id);
    deleteFrom(snapshot.pool(), id);
  }

  /**
   * Deletes the snapshot, whatever state it is in.
   *
   * @throws StorageException PRECONDITION while a volume is being made of it; BUSY while another
   *     node takes or removes it
   */
  static void deleteFrom(Pool pool, SnapshotId id) {
    try (Pool.UseLock _ =
        pool.use(id, false)
            .orElseThrow(() ->
                pool.find(id).filter(SnapshotRecord::ready).isPresent()
                    ? StorageException.precondition(
                        "snapshot \"" + id + "\" is in use: a volume is being made of it")
                    : busyElsewhere(id))) {
      pool.snapshots().mark(id, now -> now.withState(SnapshotRecord.State.DELETING));
      remove(pool, id);
    } catch (StorageException e) {
      // Removed meanwhile by another node, it is what it was to become.
      if (e.reason() != StorageException.Reason.NOT_FOUND) {
        throw e;
      }
    } catch (IOException e) {
      throw StorageException.of("can't delete snapshot \"" + id + "\"", e);
    }
  }

  private static void remove(Pool pool, SnapshotId id) throws IOException {
    VolumeContents.remove(pool.layout().image(id));
    VolumeContents.remove(pool.layout().data(id));
    pool.snapshots().remove(id);
  }

  @Override
  public Optional<Snapshot> find(SnapshotId id) {
    return pools.get().visibleSnapshot(id).map(Pools.FoundSnapshot::snapshot);
  }

  @Override
  public List<Snapshot> list(Optional<SnapshotId> after, int most, Optional<VolumeId> source) {
    Pools open = pools.get();
    List<Snapshot> page = new ArrayList<>();
    for (Pool pool : open.all()) {
      pool.catchUp();
      pool.snapshots()
          .after(after)
          .filter(record -> source.isEmpty() || source.get().equals(record.source()))
          .map(record -> new Pools.FoundSnapshot(pool, record))
          .filter(open::visible)
          .limit(most)
          .map(Pools.FoundSnapshot::snapshot)
          .forEach(page::add);
    }
    page.sort(Comparator.comparing(Snapshot::id));
    return List.copyOf(page.subList(0, Math.min(most, page.size())));
  }

  @Override
  public SnapshotGroup createGroup(String name, List<VolumeId> sources) {
    return groups.create(pools.get(), name, sources);
  }

  @Override
  public void deleteGroup(GroupId id) {
    groups.delete(pools.get(), id);
  }

  @Override
  public Optional<SnapshotGroup> findGroup(GroupId id) {
    return groups.find(pools.get(), id);
  }

  /** Interrupts what is being copied; it goes on when the pools are opened again. */
  @Override
  public void close() {
    copies.close();
  }
}
