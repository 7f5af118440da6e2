package dev.rockpool.storage;

import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevices;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The volumes in the pools of this machine. */
public final class PoolVolumes implements Volumes {
  private static final Logger log = LoggerFactory.getLogger(PoolVolumes.class);

  private final Supplier<Pools> pools;
  private final VolumeContents contents;
  private final KeyedLocks<VolumeId> locks;
  private final Consumer<Volume> limited;
  private final NodePlaces places;

  /**
   * @param pools gives the pools, or throws UNAVAILABLE while they are being opened
   */
  public PoolVolumes(Supplier<Pools> pools, Host host) {
    this(pools, host, new VolumeLocks(), new CopyRate(CopyRate.DEFAULT_BYTES_PER_SECOND), _ -> {});
  }

  /**
   * @param pools gives the pools, or throws UNAVAILABLE while they are being opened
   * @param locks shared with whoever else works on volumes in this process
   * @param rate that all copies together have
   * @param limited told of a volume whose limits have changed, to apply them where it is in use
   */
  public PoolVolumes(
      Supplier<Pools> pools,
      Host host,
      VolumeLocks locks,
      CopyRate rate,
      Consumer<Volume> limited) {
    this.pools = pools;
    this.locks = locks.changes();
    this.limited = limited;
    LoopDevices loops = new LoopDevices(host);
    Stillness stillness = new Stillness(loops, locks.uses());
    this.contents =
        new VolumeContents(
            host, new Restoring(host, stillness, rate), new FilesystemRenewal(host, loops));
    this.places = new NodePlaces(pools);
  }

  @Override
  public Volume create(NewVolume asked) {
    VolumeId id = VolumeId.ofName(asked.name());
    try (var _ = locks.lock(id)) {
      Pools open = pools.get();
      Optional<Pools.Found> there = open.find(id);
      if (there.isPresent() && there.get().record().state() == VolumeRecord.State.DELETING) {
        finishDelete(there.get());
        there = Optional.empty();
      }
      if (there.isPresent()) {
        VolumePlan.requireSame(there.get(), asked);
        return there.get().record().state() == VolumeRecord.State.READY
            ? there.get().volume()
            : finishCreate(open, there.get());
      }
      Optional<Restoring.Origin> origin =
          asked.source().map(source -> Restoring.origin(open, source));
      Pool pool = pool(open, asked, origin);
      VolumePlan.requireReachable(pool, asked);
      VolumeRecord planned = VolumePlan.of(pool, id, asked, origin);
      VolumeRecord promised = pool.promise(planned.capacityBytes(), () -> begin(pool, planned));
      return finishCreate(open, new Pools.Found(pool, promised));
    }
  }

  /** A volume goes where its source is: that is where their blocks can be shared. */
  private static Pool pool(Pools open, NewVolume asked, Optional<Restoring.Origin> origin) {
    if (origin.isEmpty()) {
      return open.require(asked.pool());
    }
    Pool pool = origin.get().pool();
    if (asked.pool().filter(name -> !name.equals(pool.name())).isPresent()) {
      throw StorageException.invalid(
          "parameter \"pool\": the volume's source is in pool \""
              + pool.name()
              + "\", and so must the volume be, not in \""
              + asked.pool().get()
              + "\"");
    }
    return pool;
  }

  private static VolumeRecord begin(Pool pool, VolumeRecord planned) {
    VolumeId id = planned.id();
    if (pool.find(id).isPresent()) {
      throw busyElsewhere(id);
    }
    try {
      AtomicFiles.ensureDirectory(pool.layout().directory(id));
      if (Files.exists(pool.image(id)) || Files.exists(pool.data(id))) {
        throw new StorageException(
            StorageException.Reason.FAILED,
            pool.layout().directory(id)
                + " holds data without a record, and is left alone; move it"
                + " away, or give the volume another name");
      }
    } catch (IOException e) {
      throw StorageException.of("can't make " + pool.layout().directory(id), e);
    }
    try {
      // The lock's file is made here, where there is room: a full disk must not keep the volume
      // from being deleted.
      pool.sole(id).ifPresent(Pool.UseLock::close);
      pool.volumes().create(planned);
      return planned;
    } catch (StorageException e) {
      // Another node makes it, whose record it is then, or removes what it had left.
      if (e.reason() == StorageException.Reason.BUSY
          || e.reason() == StorageException.Reason.NOT_FOUND) {
        throw busyElsewhere(id);
      }
      abandon(pool, id, e);
      throw e;
    }
  }

  /** Makes the contents from the beginning, however far an interrupted call had come. */
  private Volume finishCreate(Pools pools, Pools.Found volume) {
    Pool pool = volume.pool();
    VolumeId id = volume.record().id();
    // Held while the contents are made: of several nodes that were asked for the volume one makes
    // them, and none begins anew what another has made ready.
    try (Pool.UseLock _ = pool.sole(id).orElseThrow(() -> busyElsewhere(id))) {
      if (!pool.volumes().update(id, now -> now).equals(volume.record())) {
        throw busyElsewhere(id);
      }
      return makeContents(pools, pool, volume.record());
    } catch (StorageException e) {
      throw e.reason() == StorageException.Reason.NOT_FOUND ? busyElsewhere(id) : e;
    }
  }

  private static StorageException busyElsewhere(VolumeId id) {
    return StorageException.busy(
        "another node is making or removing volume \"" + id + "\"; try again");
  }

  private Volume makeContents(Pools pools, Pool pool, VolumeRecord record) {
    try {
      boolean enforced = contents.make(pools, pool, record);
      VolumeRecord ready =
          pool.volumes()
              .update(
                  record.id(),
                  now ->
                      now.withCapacity(now.capacityBytes(), enforced)
                          .withState(VolumeRecord.State.READY));
      return new Pools.Found(pool, ready).volume();
    } catch (IOException e) {
      StorageException failure =
          StorageException.of("can't make the contents of volume \"" + record.id() + "\"", e);
      abandonContents(pool, record.id(), failure);
      throw failure;
    } catch (RuntimeException e) {
      abandonContents(pool, record.id(), e);
      throw e;
    }
  }

  private void abandonContents(Pool pool, VolumeId id, RuntimeException cause) {
    try {
      contents.remove(pool, id);
    } catch (IOException e) {
      cause.addSuppressed(e);
      log.warn("volume \"{}\" stays half made, a retry goes on with it: {}", id, e.toString());
      return;
    }
    abandon(pool, id, cause);
  }

  private static void abandon(Pool pool, VolumeId id, RuntimeException cause) {
    try {
      pool.volumes().remove(id);
    } catch (IOException e) {
      cause.addSuppressed(e);
      log.warn("volume \"{}\" stays half made, a retry goes on with it: {}", id, e.toString());
    }
  }

  @Override
  public void delete(VolumeId id) {
    try (var _ = locks.lock(id)) {
      Optional<Pools.Found> there = pools.get().find(id);
      if (there.isEmpty()) {
        pools.get().all().forEach(pool -> pool.volumes().sweep(id));
        return;
      }
      requireFree(there.get().record());
      finishDelete(there.get());
    }
  }

  private void finishDelete(Pools.Found volume) {
    Pool pool = volume.pool();
    VolumeId id = volume.record().id();
    // Held while the files go, so that no node that was told nothing begins to use them.
    try (Pool.UseLock _ =
        pool.sole(id)
            .orElseThrow(() ->
                volume.record().state() == VolumeRecord.State.READY
                    ? StorageException.precondition(
                        "volume \""
                            + id
                            + "\" is still in use, though it is published to none: it is"
                            + " staged on a node, or being copied")
                    : busyElsewhere(id))) {
      pool.volumes()
          .mark(
              id,
              now -> {
                requireFree(now);
                return now.withState(VolumeRecord.State.DELETING);
              });
      contents.remove(pool, id);
      pool.volumes().remove(id);
    } catch (StorageException e) {
      // Removed meanwhile by another node, it is what it was to become.
      if (e.reason() != StorageException.Reason.NOT_FOUND) {
        throw e;
      }
    } catch (IOException e) {
      throw StorageException.of("can't delete volume \"" + id + "\"", e);
    }
  }

  private static void requireFree(VolumeRecord record) {
    if (!record.attachments().isEmpty()) {
      throw StorageException.precondition(
          "volume \""
              + record.id()
              + "\" is published to "
              + nodes(record)
              + "; unpublish it first");
    }
  }

  @Override
  public Optional<Volume> find(VolumeId id) {
    return pools.get().ready(id).map(Pools.Found::volume);
  }

  @Override
  public List<Volume> list(Optional<VolumeId> after, int most) {
    List<Volume> page = new ArrayList<>();
    for (Pool pool : pools.get().all()) {
      pool.catchUp();
      ready(pool, after).limit(most).forEach(page::add);
    }
    page.sort(Comparator.comparing(Volume::id));
    return List.copyOf(page.subList(0, Math.min(most, page.size())));
  }

  private static Stream<Volume> ready(Pool pool, Optional<VolumeId> after) {
    return pool.volumes()
        .after(after)
        .filter(record -> record.state() == VolumeRecord.State.READY)
        .map(record -> new Pools.Found(pool, record).volume());
  }

  @Override
  public Volume attach(VolumeId id, Attachment asked) {
    try (var _ = locks.lock(id)) {
      Pools.Found found = require(id);
      Pool pool = found.pool();
      if (!pool.knows(asked.node())) {
        throw StorageException.notFound(
            "no node \"" + asked.node() + "\" has pool \"" + pool.name() + "\" open");
      }
      try (var _ = places.take(pool, found.record(), asked.node())) {
        VolumeRecord attached = pool.volumes().update(id, now -> attached(now, asked));
        return new Pools.Found(pool, attached).volume();
      }
    }
  }

  private static VolumeRecord attached(VolumeRecord now, Attachment asked) {
    requireReady(now);
    return switch (NoDiskConflict.attach(now.attachments(), asked, now.shareable())) {
      case NoDiskConflict.Verdict.Granted<Attachment> _ ->
          now.withAttachments(Stream.concat(now.attachments().stream(), Stream.of(asked)).toList());
      case NoDiskConflict.Verdict.Held<Attachment> _ -> now;
      case NoDiskConflict.Verdict.Differs<Attachment>(Attachment held) ->
          throw new StorageException(
              StorageException.Reason.ALREADY_EXISTS,
              "volume \""
                  + now.id()
                  + "\" is published to node \""
                  + held.node()
                  + "\" already, as "
                  + held.mode()
                  + " "
                  + held.access()
                  + "; asked: "
                  + asked.mode()
                  + " "
                  + asked.access());
      case NoDiskConflict.Verdict.Conflict<Attachment>(Attachment held) ->
          throw StorageException.precondition(
              "volume \""
                  + now.id()
                  + "\" is published to node \""
                  + held.node()
                  + "\" as "
                  + held.mode()
                  + " "
                  + held.access()
                  + ", which excludes "
                  + asked.mode()
                  + " "
                  + asked.access()
                  + " on node \""
                  + asked.node()
                  + "\"");
    };
  }

  @Override
  public void detach(VolumeId id, Optional<NodeId> node) {
    try (var _ = locks.lock(id)) {
      Optional<Pools.Found> found = pools.get().find(id);
      if (found.isEmpty()) {
        return;
      }
      Pool pool = found.get().pool();
      VolumeRecord _ = pool.giveBack(() -> pool.volumes().update(id, now -> detached(now, node)));
    }
  }

  private static VolumeRecord detached(VolumeRecord now, Optional<NodeId> node) {
    return now.withAttachments(
        now.attachments().stream()
            .filter(held -> node.isPresent() && !held.node().equals(node.get()))
            .toList());
  }

  @Override
  public Volume expand(VolumeId id, SizeRange size) {
    try (var _ = locks.lock(id)) {
      Pools.Found found = require(id);
      Pool pool = found.pool();
      VolumeRecord record = found.record();
      long now = record.capacityBytes();
      if (size.limit() > 0 && now > size.limit()) {
        throw new StorageException(
            StorageException.Reason.OUT_OF_RANGE,
            "volume \""
                + id
                + "\" has "
                + now
                + " bytes, more than limit_bytes "
                + size.limit()
                + "; volumes don't shrink");
      }
      if (size.required() <= now) {
        return found.volume();
      }
      Contents kind = record.contents();
      long bytes = size.choose(kind.minimumBytes(), record.sectorBytes(), kind.description());
      try (Pool.UseLock _ = pool.growing(id)) {
        VolumeRecord grown = pool.promise(bytes - now, () -> grow(pool, record, bytes));
        return new Pools.Found(pool, grown).volume();
      }
    }
  }

  /** The contents first: a record must not promise what the image does not have. */
  private VolumeRecord grow(Pool pool, VolumeRecord record, long bytes) {
    try {
      boolean enforced = contents.grow(pool, record, bytes);
      return pool.volumes()
          .update(
              record.id(),
              now -> {
                requireReady(now);
                return now.withCapacity(bytes, enforced);
              });
    } catch (IOException e) {
      throw StorageException.of("can't grow volume \"" + record.id() + "\"", e);
    }
  }

  @Override
  public Volume modify(VolumeId id, IoLimits.Change change) {
    try (var _ = locks.lock(id)) {
      Pools.Found found = require(id);
      VolumeRecord changed =
          found
              .pool()
              .volumes()
              .update(
                  id,
                  now -> {
                    requireReady(now);
                    return now.withLimits(now.limits().changed(change));
                  });
      Volume volume = new Pools.Found(found.pool(), changed).volume();
      limited.accept(volume);
      return volume;
    }
  }

  @Override
  public Optional<String> ailment(Volume volume) {
    return pools
        .get()
        .named(volume.pool())
        .flatMap(pool -> contents.ailment(pool, volume.record()));
  }

  @Override
  public Capacity capacity(Optional<PoolName> name, Optional<Topology> place) {
    List<Long> available =
        pools.get().all().stream()
            .filter(pool -> name.isEmpty() || name.get().equals(pool.name()))
            .filter(pool -> place.isEmpty() || pool.topology().reachableFrom(place.get()))
            .peek(Pool::catchUp)
            .map(Pool::availableBytes)
            .toList();
    return new Capacity(
        available.stream().mapToLong(Long::longValue).sum(),
        available.stream().mapToLong(Long::longValue).max().orElse(0));
  }

  private Pools.Found require(VolumeId id) {
    Pools.Found found =
        pools
            .get()
            .find(id)
            .orElseThrow(() -> StorageException.notFound("no volume \"" + id + "\""));
    requireReady(found.record());
    return found;
  }

  private static void requireReady(VolumeRecord record) {
    if (record.state() != VolumeRecord.State.READY) {
      throw StorageException.notFound(
          "volume \""
              + record.id()
              + "\" is not ready: it is "
              + (record.state() == VolumeRecord.State.CREATING
                  ? "being created"
                  : "being deleted"));
    }
  }

  private static String nodes(VolumeRecord record) {
    return String.join(
        ", ", record.attachments().stream().map(held -> "\"" + held.node() + "\"").toList());
  }
}
