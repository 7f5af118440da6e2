package dev.rockpool.storage;

import dev.rockpool.storage.host.BlockDevice;
import dev.rockpool.storage.host.FilesystemSpace;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A pool that this process has open: a directory on a filesystem of this node. */
public final class Pool implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Pool.class);
  private static final int COMMON_SECTOR_BYTES = 512;
  // Less than that is what filesystems keep back, or can't use.
  private static final long FULL_BYTES = 1 << 20;

  private final PoolSpec spec;
  private final PoolRecord record;
  private final NodeId node;
  private final int maxVolumes;
  private final PoolLayout layout;
  private final Topology topology;
  private final String filesystem;
  private final int sectorBytes;
  private final FileLocks.Handle lock;
  private final VolumeStore volumes;
  private final SnapshotStore snapshots;
  private final GroupStore groups;
  private final Reserve reserve;
  private final Object reserving = new Object();

  /** Promised by calls whose records are not written yet; guarded by {@link #reserving}. */
  private long reservedBytes;

  private Pool(
      PoolSpec spec,
      PoolRecord record,
      NodeId node,
      int maxVolumes,
      Path root,
      FileLocks.Handle lock) {
    this.maxVolumes = maxVolumes;
    this.spec = spec;
    this.record = record;
    this.node = node;
    this.layout = new PoolLayout(root);
    this.lock = lock;
    this.reserve = new Reserve(layout.reserve());
    this.topology =
        switch (record.kind()) {
          case LOCAL -> Topology.ofNode(node);
          case SHARED -> Topology.ofSharedPool(record.name(), record.id());
        };
    MountTable mounts = MountTable.read();
    this.filesystem = mounts.holding(root).map(mount -> mount.fsType()).orElse("unknown");
    this.sectorBytes = sectorBytes(mounts, root);
    this.volumes = new VolumeStore(layout, () -> ailment().isEmpty());
    this.snapshots = new SnapshotStore(layout, () -> ailment().isEmpty());
    this.groups = new GroupStore(layout, () -> ailment().isEmpty());
  }

  /**
   * Opens the pool as this node, and reads all its records.
   *
   * @param maxVolumes how many volumes the node can hold; 0 = no limit
   * @throws StorageException INVALID if it is not that pool; PRECONDITION if another process has it
   *     open as this node, or, a local pool, at all; UNAVAILABLE if it can't be read
   */
  public static Pool open(PoolSpec spec, NodeId node, int maxVolumes) {
    PoolRecord record = PoolDirectory.inspect(spec);
    try {
      Path root = spec.directory().toRealPath();
      PoolLayout layout = new PoolLayout(root);
      AtomicFiles.ensureDirectory(layout.nodes());
      FileLocks.Handle lock = lock(record, layout, node);
      try {
        register(layout, node, maxVolumes);
        Pool pool = new Pool(spec, record, node, maxVolumes, root, lock);
        for (Path part : List.of(layout.volumes(), layout.snapshots(), layout.groups())) {
          AtomicFiles.ensureDirectory(part);
        }
        pool.refresh();
        pool.reserve.take();
        return pool;
      } catch (IOException | RuntimeException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw new StorageException(
          StorageException.Reason.UNAVAILABLE,
          "pool \"" + spec.name() + "\" can't be opened: " + e.getMessage(),
          e);
    }
  }

  private static void register(PoolLayout layout, NodeId node, int maxVolumes) throws IOException {
    NodeRecord record =
        new NodeRecord(
            NodeRecord.FORMAT_VERSION,
            node,
            maxVolumes,
            Instant.now().truncatedTo(ChronoUnit.MILLIS));
    try {
      AtomicFiles.replace(layout.node(node), Json.bytes(record));
    } catch (IOException e) {
      // A full disk must not keep the driver from the volumes whose deletion makes room.
      boolean known =
          Files.exists(layout.node(node))
              && Json.read(layout.node(node), NodeRecord.class, NodeRecord.FORMAT_VERSION)
                      .maxVolumes()
                  == maxVolumes;
      if (!known) {
        throw e;
      }
      log.warn("the record of node \"{}\" keeps its time: {}", node, e.toString());
    }
  }

  private static FileLocks.Handle lock(PoolRecord record, PoolLayout layout, NodeId node)
      throws IOException {
    Path file =
        switch (record.kind()) {
          case LOCAL -> layout.poolLock();
          case SHARED -> layout.nodeLock(node);
        };
    return FileLocks.tryLock(file, false)
        .orElseThrow(() ->
            StorageException.precondition(
                "pool \""
                    + record.name()
                    + "\" is open already: "
                    + switch (record.kind()) {
                      case LOCAL ->
                          "another process serves this local pool; a pool that several nodes"
                              + " open is made with --kind shared";
                      case SHARED ->
                          "another process serves it as node \""
                              + node
                              + "\"; every process needs a --node-id of its own";
                    }));
  }

  /**
   * Opens the pool only to look: it is not locked, and nothing is written.
   *
   * @throws StorageException as {@link #open} does
   */
  public static Pool look(PoolSpec spec, NodeId node) {
    PoolRecord record = PoolDirectory.inspect(spec);
    try {
      Path root = spec.directory().toRealPath();
      Pool pool = new Pool(spec, record, node, 0, root, FileLocks.Handle.none());
      pool.refresh();
      return pool;
    } catch (IOException e) {
      throw new StorageException(
          StorageException.Reason.UNAVAILABLE,
          "pool \"" + spec.name() + "\" can't be read: " + e.getMessage(),
          e);
    }
  }

  public PoolName name() {
    return record.name();
  }

  public PoolKind kind() {
    return record.kind();
  }

  public PoolRecord record() {
    return record;
  }

  /** The pool's directory, symlinks resolved. */
  public Path directory() {
    return layout.root();
  }

  /** From where its volumes can be used. */
  public Topology topology() {
    return topology;
  }

  /** The type of the filesystem that it is on, such as {@code xfs}. */
  public String filesystem() {
    return filesystem;
  }

  /** The logical sector size that new images get: what direct I/O on this filesystem allows. */
  int sectorBytes() {
    return sectorBytes;
  }

  /**
   * The record of the volume, in whatever state.
   *
   * @return empty if it is certain that there is none
   * @throws StorageException UNAVAILABLE if the pool is gone or can't be read; FAILED if there is a
   *     record that can't be read
   */
  public Optional<VolumeRecord> find(VolumeId id) {
    return find(volumes, id);
  }

  /** The record of the snapshot, in whatever state; as {@link #find(VolumeId)}. */
  public Optional<SnapshotRecord> find(SnapshotId id) {
    return find(snapshots, id);
  }

  /** The record of the group, in whatever state; as {@link #find(VolumeId)}. */
  public Optional<GroupRecord> find(GroupId id) {
    return find(groups, id);
  }

  private <I extends Comparable<I>, R> Optional<R> find(RecordStore<I, R> store, I id) {
    Optional<R> found = store.find(id);
    if (found.isEmpty()) {
      // A filesystem that was unmounted looks like a pool that has lost all its volumes.
      requireWell();
    }
    return found;
  }

  private void requireWell() {
    ailment()
        .ifPresent(reason -> {
          throw new StorageException(StorageException.Reason.UNAVAILABLE, reason);
        });
  }

  /** Why the pool can't be read or written now, if it can't. */
  public Optional<String> trouble() {
    return ailment().or(this::readOnly);
  }

  /** Why the pool can't be read now, if it can't. */
  public Optional<String> ailment() {
    try {
      PoolRecord now = PoolDirectory.read(layout);
      return now.id().equals(record.id())
          ? Optional.empty()
          : Optional.of("another pool is at " + layout.root() + " than was opened");
    } catch (IOException e) {
      return Optional.of("pool \"" + name() + "\" can't be read: " + e.getMessage());
    }
  }

  /** Why nothing can be written to the pool, if its filesystem is mounted read-only. */
  Optional<String> readOnly() {
    return MountTable.read()
        .holding(layout.root())
        .filter(mount ->
            mount.options().contains("ro")
                || mount.superOptions().contains("ro")
                || mount.superOptions().contains("emergency_ro"))
        .map(mount ->
            "pool \""
                + name()
                + "\" is read-only: the "
                + mount.fsType()
                + " at "
                + mount.mountPoint()
                + " is; if the kernel made it so, its log tells why. Mount it read-write again");
  }

  /** The file that an image volume is served from. */
  public Path image(VolumeId id) {
    return layout.image(id);
  }

  /** The directory that a directory volume is served from. */
  public Path data(VolumeId id) {
    return layout.data(id);
  }

  /** The file that holds the snapshot of an image volume. */
  public Path image(SnapshotId id) {
    return layout.image(id);
  }

  /** The directory that holds the snapshot of a directory volume. */
  public Path data(SnapshotId id) {
    return layout.data(id);
  }

  /**
   * Takes the volume for use on this node, for as long as the lock is held. It is what stands
   * between two nodes when the records don't.
   *
   * @return empty if another process uses it in a way that excludes this
   */
  public Optional<UseLock> use(VolumeRecord volume, Access access) {
    return useLock(volume.id(), volume.shareable() || access == Access.READ_ONLY);
  }

  /** Takes the volume away from every user, if it has none; what is held is as in {@link #use}. */
  Optional<UseLock> sole(VolumeId id) {
    return useLock(id, false);
  }

  private Optional<UseLock> useLock(VolumeId id, boolean shared) {
    return useLock(volumes, id, shared);
  }

  /**
   * Takes the snapshot for as long as the lock is held.
   *
   * @param shared to read it beside other readers, or to remove it
   * @return empty if another process, or another call, excludes this
   */
  Optional<UseLock> use(SnapshotId id, boolean shared) {
    return useLock(snapshots, id, shared);
  }

  private static <I extends Comparable<I>> Optional<UseLock> useLock(
      RecordStore<I, ?> store, I id, boolean shared) {
    return lock(store, id, store.kind().useLock(id), shared);
  }

  private static <I extends Comparable<I>> Optional<UseLock> lock(
      RecordStore<I, ?> store, I id, Path file, boolean shared) {
    try {
      return FileLocks.tryLock(file, shared).map(held -> held::close);
    } catch (NoSuchFileException e) {
      throw StorageException.notFound("no " + store.name(id));
    } catch (IOException e) {
      throw StorageException.of("can't lock " + store.name(id), e);
    }
  }

  /**
   * Takes the group for who makes or removes it.
   *
   * @throws StorageException BUSY if another process does
   */
  UseLock work(GroupId id) {
    return useLock(groups, id, false)
        .orElseThrow(() ->
            StorageException.busy(
                "another node is making or removing " + groups.name(id) + "; try again"));
  }

  /**
   * Says to others that the volume grows: its contents do before its record.
   *
   * @throws StorageException BUSY if another process grows it
   */
  UseLock growing(VolumeId id) {
    return lock(volumes, id, volumes.kind().growLock(id), false)
        .orElseThrow(() ->
            StorageException.busy("another node is growing " + volumes.name(id) + "; try again"));
  }

  /** A volume in use on this node, until this is closed. */
  public interface UseLock extends AutoCloseable {
    @Override
    void close();
  }

  /** Whether this node opens, or has opened, the pool. */
  boolean knows(NodeId node) {
    return Files.exists(layout.node(node));
  }

  /** How many volumes the node can hold; 0 = no limit. */
  int maxVolumes(NodeId of) {
    if (of.equals(node)) {
      return maxVolumes;
    }
    try {
      return Json.read(layout.node(of), NodeRecord.class, NodeRecord.FORMAT_VERSION).maxVolumes();
    } catch (IOException e) {
      throw StorageException.of("can't read the record of node \"" + of + "\"", e);
    }
  }

  /**
   * Reads what other processes may have changed; a local pool is this process's alone.
   *
   * @throws StorageException UNAVAILABLE if the pool is gone or can't be read
   */
  void catchUp() {
    requireWell();
    if (kind() == PoolKind.SHARED) {
      try {
        refresh();
      } catch (IOException e) {
        throw StorageException.of("can't read pool \"" + name() + "\"", e);
      }
    }
  }

  private void refresh() throws IOException {
    volumes.refresh();
    snapshots.refresh();
    groups.refresh();
  }

  PoolLayout layout() {
    return layout;
  }

  VolumeStore volumes() {
    return volumes;
  }

  SnapshotStore snapshots() {
    return snapshots;
  }

  GroupStore groups() {
    return groups;
  }

  /** The node that this process is. */
  NodeId node() {
    return node;
  }

  /** How many records of volumes there are. */
  public int count() {
    return volumes.count();
  }

  /** How many records of snapshots there are. */
  public int snapshotCount() {
    return snapshots.count();
  }

  /** Bytes that the volumes were promised, and that snapshots may come to take. */
  public long promisedBytes() {
    return volumes.promisedBytes() + snapshots.promisedBytes();
  }

  /** Bytes that it may promise in all: its filesystem's or its limit, times the overcommitment. */
  public long promisableBytes() {
    try {
      return PoolSpace.promisableBytes(spec, layout);
    } catch (IOException e) {
      throw StorageException.of("can't measure pool \"" + name() + "\"", e);
    }
  }

  /** Bytes of its filesystem that are free now, whatever was promised. */
  public long freeBytes() {
    try {
      return Files.getFileStore(layout.root()).getUsableSpace();
    } catch (IOException e) {
      throw StorageException.of("can't measure pool \"" + name() + "\"", e);
    }
  }

  /**
   * Whether its filesystem has no room left at all, for sparse images that are still to be filled.
   */
  boolean full(Host host) {
    return FilesystemSpace.of(host, layout.root()).availableBytes() < FULL_BYTES;
  }

  /**
   * Bytes that can still be promised. Without overcommitment never more than is free now, since
   * others may use the filesystem too.
   */
  public long availableBytes() {
    long left = promisableBytes() - promisedBytes();
    if (spec.overcommit() == 1) {
      left = Math.min(left, freeBytes());
    }
    return Math.max(0, left);
  }

  /**
   * Does what makes a promise of so many more bytes, if they can be promised; of several at once no
   * two are promised the same bytes.
   *
   * @param promise writes the record that holds the promise
   * @throws StorageException EXHAUSTED if there is not so much left
   */
  <T> T promise(long moreBytes, Supplier<T> promise) {
    reserve.take();
    try (var _ = lockAmongNodes()) {
      reserve(moreBytes);
      try {
        return promise.get();
      } finally {
        release(moreBytes);
      }
    } catch (IOException e) {
      throw StorageException.of("can't promise space in pool \"" + name() + "\"", e);
    }
  }

  /**
   * Does what gives something back, such as taking a holder off, for which there must be room even
   * if the filesystem is full.
   */
  <T> T giveBack(Supplier<T> change) {
    try {
      return change.get();
    } catch (StorageException e) {
      if (e.reason() != StorageException.Reason.EXHAUSTED) {
        throw e;
      }
      log.warn("pool \"{}\" is full, and its reserve is given up: {}", name(), e.getMessage());
      return reserve.spend(change);
    }
  }

  /** Other processes promise from a shared pool too: what they promised is looked up. */
  private FileLocks.Handle lockAmongNodes() throws IOException {
    if (kind() == PoolKind.LOCAL) {
      return FileLocks.Handle.none();
    }
    FileLocks.Handle handle = FileLocks.await(layout.promiseLock());
    catchUp();
    return handle;
  }

  private void reserve(long bytes) {
    synchronized (reserving) {
      long available = availableBytes() - reservedBytes;
      if (bytes > available) {
        throw new StorageException(
            StorageException.Reason.EXHAUSTED,
            "pool \""
                + name()
                + "\" can promise "
                + available
                + " bytes ("
                + ByteSize.format(available)
                + ") more, not "
                + bytes
                + " bytes ("
                + ByteSize.format(bytes)
                + ")");
      }
      reservedBytes += bytes;
    }
  }

  private void release(long bytes) {
    synchronized (reserving) {
      reservedBytes -= bytes;
    }
  }

  private static int sectorBytes(MountTable mounts, Path root) {
    return mounts
        .holding(root)
        .flatMap(mount ->
            BlockDevice.ofNode(Path.of(mount.source()))
                .or(() -> Optional.of(new BlockDevice(mount.device()))))
        .flatMap(BlockDevice::logicalSectorBytes)
        .map(bytes -> Math.max(bytes, COMMON_SECTOR_BYTES))
        .orElse(COMMON_SECTOR_BYTES);
  }

  @Override
  public void close() {
    lock.close();
  }
}
