package dev.rockpool.storage;

import dev.rockpool.storage.host.Deadline;
import dev.rockpool.storage.host.Descriptor;
import dev.rockpool.storage.host.Freeze;
import dev.rockpool.storage.host.KernelException;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds volumes still for the moment in which their content is taken: one that nobody writes is
 * kept from being staged, a mounted filesystem is frozen, and a raw device is flushed, which does
 * not hold its users, but a reflink of one file is of one moment anyway.
 */
final class Stillness {
  private static final Logger log = LoggerFactory.getLogger(Stillness.class);

  /** After so long frozen filesystems are thawed, whatever happens. */
  static final Duration LIMIT = Duration.ofSeconds(10);

  private final LoopDevices loops;
  private final KeyedLocks<VolumeId> uses;
  private final Duration limit;

  Stillness(LoopDevices loops, KeyedLocks<VolumeId> uses) {
    this(loops, uses, LIMIT);
  }

  Stillness(LoopDevices loops, KeyedLocks<VolumeId> uses, Duration limit) {
    this.loops = loops;
    this.uses = uses;
    this.limit = limit;
  }

  /** How a volume is used for writing on this node. */
  private sealed interface Use {
    /** Not at all, nor can it be while the lock is held. */
    record Idle() implements Use {}

    /** Mounted there. */
    record Mounted(Path mountPoint) implements Use {}

    /** As a raw device. */
    record Raw(LoopDevice device) implements Use {}
  }

  /**
   * Takes the volumes, so that on no node the way changes in which they are used.
   *
   * @throws StorageException BUSY if one of them is being staged or unstaged; PRECONDITION if one
   *     can't be held still, or not together with the others
   */
  Held hold(List<Pools.Found> volumes) {
    Held held = new Held();
    try {
      for (Pools.Found volume :
          volumes.stream().sorted(Comparator.comparing(found -> found.record().id())).toList()) {
        held.take(volume);
      }
      held.requireTogether();
      return held;
    } catch (IOException e) {
      held.close();
      throw StorageException.of("can't find out how volumes are used", e);
    } catch (RuntimeException e) {
      held.close();
      throw e;
    }
  }

  /**
   * Thaws what an earlier process may have left frozen of the volume.
   *
   * @param volume that was about to be held still
   */
  void mend(Pools.Found volume) {
    try {
      Path image = volume.pool().image(volume.record().id());
      if (volume.record().contents().fsType().isEmpty() || !Files.exists(image)) {
        return;
      }
      for (LoopDevices.Attached attached : loops.of(image)) {
        Optional<Mount> mount = writableMount(attached.device());
        if (mount.isPresent() && Freeze.thaw(mount.get().mountPoint())) {
          log.warn("volume \"{}\" was left frozen, and is thawed", volume.record().id());
        }
      }
    } catch (IOException e) {
      log.error("volume \"{}\" may be frozen: {}", volume.record().id(), e.toString());
    }
  }

  private static Optional<Mount> writableMount(LoopDevice device) {
    return MountTable.read().all().stream()
        .filter(mount -> LoopDevice.under(mount).filter(device::equals).isPresent())
        .filter(mount -> !mount.superOptions().contains("ro"))
        .findFirst();
  }

  /** Volumes that were taken, until this is closed. */
  final class Held implements AutoCloseable {
    private final List<KeyedLocks.Held> locks = new ArrayList<>();
    private final List<Pool.UseLock> useLocks = new ArrayList<>();
    private final List<VolumeId> ids = new ArrayList<>();
    private final List<Use> found = new ArrayList<>();
    private final List<Freeze> frozen = new ArrayList<>();
    private final CountDownLatch thawed = new CountDownLatch(1);
    private boolean late;
    private long since;

    private void take(Pools.Found volume) throws IOException {
      VolumeRecord record = volume.record();
      locks.add(uses.lock(record.id()));
      ids.add(record.id());
      Use use = record.contents().image() ? use(volume) : new Use.Idle();
      found.add(use);
      if (use instanceof Use.Idle) {
        requireNoWriterElsewhere(volume);
        useLocks.add(
            volume.pool().use(record, Access.READ_ONLY).orElseThrow(() -> usedElsewhere(volume)));
      }
    }

    private Use use(Pools.Found volume) throws IOException {
      VolumeRecord record = volume.record();
      for (LoopDevices.Attached attached : loops.of(volume.pool().image(record.id()))) {
        if (!attached.readOnly()) {
          return record.contents() == Contents.BLOCK
              ? new Use.Raw(attached.device())
              : mounted(record, attached.device());
        }
      }
      return new Use.Idle();
    }

    private Use mounted(VolumeRecord record, LoopDevice device) {
      return writableMount(device)
          .<Use>map(mount -> new Use.Mounted(mount.mountPoint()))
          .orElseThrow(() ->
              StorageException.precondition(
                  "volume \""
                      + record.id()
                      + "\" is attached to "
                      + device
                      + ", but not mounted where the driver sees it: it can't be held still"));
    }

    /** Many writers share one lock, so that only the record tells of those on other nodes. */
    private void requireNoWriterElsewhere(Pools.Found volume) {
      boolean elsewhere =
          volume.record().shareable()
              && volume.record().contents().image()
              && volume.record().attachments().stream()
                  .anyMatch(held ->
                      held.access() == Access.READ_WRITE
                          && !held.node().equals(volume.pool().node()));
      if (elsewhere) {
        throw usedElsewhere(volume);
      }
    }

    private StorageException usedElsewhere(Pools.Found volume) {
      List<NodeId> holders = volume.record().attachments().stream().map(Attachment::node).toList();
      return StorageException.precondition(
          "volume \""
              + volume.record().id()
              + "\" is in use on "
              + (holders.isEmpty() ? "another node" : "node " + holders)
              + ", and can be held still only there");
    }

    /** Freezing holds filesystems; nothing holds the users of raw devices. */
    private void requireTogether() {
      List<VolumeId> raw = new ArrayList<>();
      int inUse = 0;
      for (int i = 0; i < found.size(); i++) {
        if (found.get(i) instanceof Use.Raw) {
          raw.add(ids.get(i));
        }
        inUse += found.get(i) instanceof Use.Idle ? 0 : 1;
      }
      if (!raw.isEmpty() && inUse > 1) {
        throw StorageException.precondition(
            "raw block volumes in use can't be held still together with others in use: "
                + raw
                + "; unpublish them first, or take a snapshot of each");
      }
    }

    /** Whether one of them is used for writing now. */
    boolean inUse() {
      return found.stream().anyMatch(use -> !(use instanceof Use.Idle));
    }

    /** Whether one of them is a raw device in use, whose writers go on. */
    boolean rawInUse() {
      return found.stream().anyMatch(Use.Raw.class::isInstance);
    }

    /**
     * Begins the moment: all that was written is in the images, and filesystems are frozen until
     * {@link #thaw}, or until the time limit.
     *
     * @return the moment
     */
    Instant freeze() throws IOException {
      for (Use use : found) {
        switch (use) {
          case Use.Idle _ -> {}
          case Use.Raw(LoopDevice device) ->
              Deadline.run("flushing " + device, limit, () -> flush(device.path()), () -> {});
          // What is written before does not have to be written while the writers wait.
          case Use.Mounted(Path mountPoint) ->
              Deadline.run("syncing " + mountPoint, limit, () -> syncAll(mountPoint), () -> {});
        }
      }
      since = System.nanoTime();
      Thread.ofPlatform().daemon().name("rockpool-thaw").start(this::thawAtLimit);
      for (Use use : found) {
        if (use instanceof Use.Mounted(Path mountPoint)) {
          Deadline.run("freezing " + mountPoint, limit, () -> freeze(mountPoint), this::thawAll);
        }
      }
      return Instant.now();
    }

    private void freeze(Path mountPoint) throws IOException {
      Freeze freeze;
      try {
        freeze = Freeze.of(mountPoint);
      } catch (KernelException e) {
        if (e.errno() == KernelException.EBUSY) {
          throw StorageException.precondition(mountPoint + " is frozen already by somebody else");
        }
        throw e;
      }
      synchronized (this) {
        if (!late) {
          frozen.add(freeze);
          return;
        }
      }
      freeze.close();
    }

    private void thawAtLimit() {
      try {
        if (!thawed.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
          log.error(
              "volumes {} are thawed after {} s, whatever holds them", ids, limit.toSeconds());
          synchronized (this) {
            late = true;
          }
          thawAll();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /**
     * Ends the moment.
     *
     * @throws StorageException FAILED if it had ended before: what was taken is not of one moment
     */
    void thaw() {
      thawAll();
      Duration held = Duration.ofNanos(System.nanoTime() - since);
      synchronized (this) {
        if (late) {
          throw new StorageException(
              StorageException.Reason.FAILED,
              "volumes "
                  + ids
                  + " could not be held still for longer than "
                  + limit.toSeconds()
                  + " s");
        }
      }
      if (inUse()) {
        log.info("volumes {} were held still for {} ms", ids, held.toMillis());
      }
    }

    /** Whether the moment has ended at its limit. */
    synchronized boolean isLate() {
      return late;
    }

    private void thawAll() {
      List<Freeze> all;
      synchronized (this) {
        all = List.copyOf(frozen);
        frozen.clear();
      }
      for (Freeze freeze : all) {
        try {
          freeze.close();
        } catch (IOException e) {
          log.error("a filesystem of volumes {} may stay frozen: {}", ids, e.toString());
        }
      }
      thawed.countDown();
    }

    @Override
    public void close() {
      thawAll();
      useLocks.forEach(Pool.UseLock::close);
      locks.forEach(KeyedLocks.Held::close);
    }
  }

  private static void flush(Path device) throws IOException {
    try (Descriptor open = Descriptor.forReading(device)) {
      open.sync();
    }
  }

  private static void syncAll(Path mountPoint) throws IOException {
    try (Descriptor open = Descriptor.forReading(mountPoint)) {
      open.syncFilesystem();
    }
  }
}
