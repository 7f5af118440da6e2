package dev.rockpool.storage;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of one pool's volumes. The files are the truth; what is kept in memory is checked
 * against a file's identity and time whenever a single record is asked for, and spares the scan
 * when all of them are.
 */
final class VolumeStore {
  private static final Logger log = LoggerFactory.getLogger(VolumeStore.class);

  private final PoolLayout layout;
  private final BooleanSupplier there;
  private final ConcurrentSkipListMap<VolumeId, Entry> index = new ConcurrentSkipListMap<>();
  private final ConcurrentMap<String, String> unreadable = new ConcurrentHashMap<>();
  // Sums over the index, so that nobody needs to go through it; guarded by this.
  private long promisedBytes;
  private final Map<NodeId, Integer> attachments = new HashMap<>();

  private record Entry(VolumeRecord record, Stamp stamp) {}

  /**
   * Tells one version of a record's file from the next: each has an inode and a time of its own.
   */
  private record Stamp(Object fileKey, FileTime modified) {
    static Stamp of(Path file) throws IOException {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Stamp(String.valueOf(attributes.fileKey()), attributes.lastModifiedTime());
    }
  }

  /**
   * @param there whether the pool is where it was: while it is not mounted, records are not missing
   */
  VolumeStore(PoolLayout layout, BooleanSupplier there) {
    this.layout = layout;
    this.there = there;
  }

  /** Reads all records; those that can't be read are logged, and kept apart. */
  void refresh() throws IOException {
    Set<String> present = new HashSet<>();
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(layout.volumes())) {
      directories.forEach(directory -> present.add(String.valueOf(directory.getFileName())));
    }
    // What is known but was not there is looked for too: to be forgotten, or it has come since.
    index.keySet().forEach(id -> present.add(id.value()));
    present.forEach(this::look);
    unreadable.keySet().removeIf(name -> !Files.exists(layout.volumes().resolve(name)));
  }

  private void look(String name) {
    try {
      find(VolumeId.parse(name));
    } catch (StorageException e) {
      String message = String.valueOf(e.getMessage());
      if (!message.equals(unreadable.put(name, message))) {
        log.warn("orphan in {}: {}", layout.volumes(), message);
      }
    }
  }

  /** Names in the volumes directory whose records can't be read, with the reason. */
  Map<String, String> unreadable() {
    return new TreeMap<>(unreadable);
  }

  /**
   * The record as it stands now, in whatever state.
   *
   * @throws StorageException FAILED if there is one that can't be read
   */
  Optional<VolumeRecord> find(VolumeId id) {
    return find(id, index.get(id));
  }

  private Optional<VolumeRecord> find(VolumeId id, @Nullable Entry remembered) {
    Path file = layout.record(id);
    Entry known = remembered;
    try {
      Stamp stamp = Stamp.of(file);
      while (known == null || !known.stamp().equals(stamp)) {
        known = new Entry(Json.read(file, VolumeRecord.class, VolumeRecord.FORMAT_VERSION), stamp);
        if (!known.record().id().equals(id)) {
          throw new IOException(file + " is the record of volume \"" + known.record().id() + "\"");
        }
        put(id, known);
        // Who changed or removed the file since it was read may have been here before us.
        stamp = Stamp.of(file);
      }
      unreadable.remove(id.value());
      return Optional.of(known.record());
    } catch (NoSuchFileException e) {
      if (there.getAsBoolean()) {
        forget(id, known);
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new StorageException(
          StorageException.Reason.FAILED,
          "the record of volume \"" + id + "\" can't be read: " + e.getMessage(),
          e);
    }
  }

  /** Records after the given id in their order, as far as is known without looking. */
  Stream<VolumeRecord> after(Optional<VolumeId> id) {
    return (id.isPresent() ? index.tailMap(id.get(), false) : index)
        .values().stream().map(Entry::record);
  }

  /**
   * Writes the record of a volume that has none; its directory must be there.
   *
   * @throws StorageException BUSY if somebody else has made one, or holds its lock
   */
  void create(VolumeRecord record) {
    locked(
        record.id(),
        () -> {
          if (find(record.id()).isPresent()) {
            throw new StorageException(
                StorageException.Reason.BUSY,
                "another node is making volume \"" + record.id() + "\"; try again");
          }
          return write(record);
        });
  }

  /**
   * Changes the record under its lock, from what it says now.
   *
   * @param change gives the record itself back where nothing is to change
   * @throws StorageException NOT_FOUND if there is none; BUSY if somebody else holds its lock
   */
  VolumeRecord update(VolumeId id, UnaryOperator<VolumeRecord> change) {
    return locked(
        id,
        () -> {
          // Read anew: a network filesystem may tell the times of files from a cache.
          VolumeRecord now =
              find(id, null)
                  .orElseThrow(() -> StorageException.notFound("no volume \"" + id + "\""));
          VolumeRecord next = change.apply(now);
          return next.equals(now) ? now : write(next);
        });
  }

  /** Removes the volume's directory with what is left in it, its record last but the locks. */
  void remove(VolumeId id) throws IOException {
    Files.deleteIfExists(layout.record(id));
    Files.deleteIfExists(layout.recordLock(id));
    Files.deleteIfExists(layout.useLock(id));
    AtomicFiles.deleteTree(layout.directory(id));
    AtomicFiles.sync(layout.volumes());
    forget(id, index.get(id));
  }

  /** Removes what a deletion that was cut short left: a directory with nothing but locks in it. */
  void sweep(VolumeId id) {
    Path directory = layout.directory(id);
    if (!Files.isDirectory(directory) || find(id).isPresent()) {
      return;
    }
    try {
      Files.deleteIfExists(layout.recordLock(id));
      Files.deleteIfExists(layout.useLock(id));
      Files.delete(directory);
    } catch (IOException e) {
      log.warn("{} has no record, and is left alone: {}", directory, e.toString());
    }
  }

  /** Bytes promised to all volumes that are known. */
  synchronized long promisedBytes() {
    return promisedBytes;
  }

  int count() {
    return index.size();
  }

  /** How many volumes the node holds, as far as is known. */
  synchronized int attachmentsOf(NodeId node) {
    return attachments.getOrDefault(node, 0);
  }

  /** Whether the node holds the volume, as far as is known. */
  boolean isAttached(VolumeId id, NodeId node) {
    Entry known = index.get(id);
    return known != null && known.record().attachment(node).isPresent();
  }

  private VolumeRecord write(VolumeRecord record) throws IOException {
    Path file = layout.record(record.id());
    AtomicFiles.replace(file, Json.bytes(record));
    put(record.id(), new Entry(record, Stamp.of(file)));
    return record;
  }

  private interface Action {
    VolumeRecord run() throws IOException;
  }

  private VolumeRecord locked(VolumeId id, Action action) {
    try (var _ = FileLocks.await(layout.recordLock(id))) {
      return action.run();
    } catch (NoSuchFileException e) {
      throw StorageException.notFound("no volume \"" + id + "\"");
    } catch (IOException e) {
      throw StorageException.of("can't write the record of volume \"" + id + "\"", e);
    }
  }

  private synchronized void put(VolumeId id, Entry entry) {
    count(index.put(id, entry), -1);
    count(entry, 1);
  }

  /** What has been remembered since is another record's, and stays. */
  private synchronized void forget(VolumeId id, @Nullable Entry known) {
    if (known != null && index.remove(id, known)) {
      count(known, -1);
    }
  }

  private void count(@Nullable Entry entry, int sign) {
    if (entry != null) {
      promisedBytes += sign * entry.record().capacityBytes();
      for (Attachment held : entry.record().attachments()) {
        attachments.merge(held.node(), sign, Integer::sum);
      }
    }
  }
}
