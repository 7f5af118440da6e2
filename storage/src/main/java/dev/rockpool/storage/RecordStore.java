package dev.rockpool.storage;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of one kind in a pool, each in a directory of its own. The files are the truth; what
 * is kept in memory is checked against a file's identity and time whenever a single record is asked
 * for, and spares the scan when all of them are.
 */
abstract class RecordStore<I extends Comparable<I>, R> {
  private static final Logger log = LoggerFactory.getLogger(RecordStore.class);

  private final Kind<I, R> kind;
  private final BooleanSupplier there;
  private final ConcurrentSkipListMap<I, Entry<R>> index = new ConcurrentSkipListMap<>();
  private final ConcurrentMap<String, String> unreadable = new ConcurrentHashMap<>();
  // The sum over the index, so that nobody needs to go through it; guarded by this.
  private long promisedBytes;

  /**
   * What the records are.
   *
   * @param noun for messages
   * @param parent the directory that holds their directories
   * @param file the name of the record in its directory
   * @param parse makes an id of the name of a directory
   * @param type of the records
   * @param formatVersion that they must have
   * @param id which record it is
   * @param promised bytes of the pool that it stands for
   */
  record Kind<I, R>(
      String noun,
      Path parent,
      String file,
      Function<String, I> parse,
      Class<R> type,
      int formatVersion,
      Function<R, I> id,
      ToLongFunction<R> promised) {

    Path directory(I id) {
      return parent.resolve(id.toString());
    }

    Path record(I id) {
      return directory(id).resolve(file);
    }

    /** Held for the moment of a change to the record. */
    Path recordLock(I id) {
      return directory(id).resolve(PoolLayout.RECORD_LOCK);
    }

    /** Held by whoever uses what the record is about. */
    Path useLock(I id) {
      return directory(id).resolve(PoolLayout.USE_LOCK);
    }

    /** Held by who grows it: until the record says so, it is larger than its record. */
    Path growLock(I id) {
      return directory(id).resolve(PoolLayout.GROW_LOCK);
    }
  }

  private record Entry<R>(R record, Stamp stamp) {}

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
  RecordStore(Kind<I, R> kind, BooleanSupplier there) {
    this.kind = kind;
    this.there = there;
  }

  Kind<I, R> kind() {
    return kind;
  }

  /** What is known of the record without looking. */
  final Optional<R> known(I id) {
    return Optional.ofNullable(index.get(id)).map(Entry::record);
  }

  /** Reads all records; those that can't be read are logged, and kept apart. */
  void refresh() throws IOException {
    Set<String> present = new HashSet<>();
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(kind.parent())) {
      directories.forEach(directory -> present.add(String.valueOf(directory.getFileName())));
    } catch (NoSuchFileException e) {
      // One that was only looked at may come from a time when there were none of this kind.
      if (!there.getAsBoolean()) {
        throw e;
      }
    }
    // What is known but was not there is looked for too: to be forgotten, or it has come since.
    index.keySet().forEach(id -> present.add(id.toString()));
    present.forEach(this::look);
    unreadable.keySet().removeIf(name -> !Files.exists(kind.parent().resolve(name)));
  }

  private void look(String name) {
    try {
      find(kind.parse().apply(name));
    } catch (StorageException e) {
      String message = String.valueOf(e.getMessage());
      if (!message.equals(unreadable.put(name, message))) {
        log.warn("orphan in {}: {}", kind.parent(), message);
      }
    }
  }

  /** Names in their directory whose records can't be read, with the reason. */
  Map<String, String> unreadable() {
    return new TreeMap<>(unreadable);
  }

  /**
   * The record as it stands now, in whatever state.
   *
   * @throws StorageException FAILED if there is one that can't be read
   */
  Optional<R> find(I id) {
    return find(id, index.get(id));
  }

  private Optional<R> find(I id, @Nullable Entry<R> remembered) {
    Path file = kind.record(id);
    Entry<R> known = remembered;
    try {
      Stamp stamp = Stamp.of(file);
      while (known == null || !known.stamp().equals(stamp)) {
        known = new Entry<>(Json.read(file, kind.type(), kind.formatVersion()), stamp);
        if (!kind.id().apply(known.record()).equals(id)) {
          throw new IOException(
              file + " is the record of " + name(kind.id().apply(known.record())));
        }
        put(id, known);
        // Who changed or removed the file since it was read may have been here before us.
        stamp = Stamp.of(file);
      }
      unreadable.remove(id.toString());
      return Optional.of(known.record());
    } catch (NoSuchFileException e) {
      if (there.getAsBoolean()) {
        forget(id, known);
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new StorageException(
          StorageException.Reason.FAILED,
          "the record of " + name(id) + " can't be read: " + e.getMessage(),
          e);
    }
  }

  /** Records after the given id in their order, as far as is known without looking. */
  Stream<R> after(Optional<I> id) {
    return (id.isPresent() ? index.tailMap(id.get(), false) : index)
        .values().stream().map(Entry::record);
  }

  /**
   * Writes the record of what has none; its directory must be there.
   *
   * @throws StorageException BUSY if somebody else has made one, or holds its lock
   */
  void create(R record) {
    I id = kind.id().apply(record);
    locked(
        id,
        () -> {
          if (find(id).isPresent()) {
            throw StorageException.busy("another node is making " + name(id) + "; try again");
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
  R update(I id, UnaryOperator<R> change) {
    return locked(
        id,
        () -> {
          // Read anew: a network filesystem may tell the times of files from a cache.
          R now = find(id, null).orElseThrow(() -> StorageException.notFound("no " + name(id)));
          R next = change.apply(now);
          return next.equals(now) ? now : write(next);
        });
  }

  /**
   * Marks what is about to be removed, as {@link #update} does; but a full disk must not keep it
   * from that, which makes room. A removal without a mark begins with the same checks again.
   */
  void mark(I id, UnaryOperator<R> change) {
    try {
      var _ = update(id, change);
    } catch (StorageException e) {
      if (e.reason() != StorageException.Reason.EXHAUSTED) {
        throw e;
      }
      log.warn("{} is deleted without a mark: {}", name(id), e.getMessage());
    }
  }

  /**
   * Removes the directory with what is left in it, its record last but the locks. What was removed
   * of it before is gone for good first: a power cut must not leave data without a record.
   */
  void remove(I id) throws IOException {
    if (Files.isDirectory(kind.directory(id))) {
      AtomicFiles.sync(kind.directory(id));
    }
    Files.deleteIfExists(kind.record(id));
    Files.deleteIfExists(kind.recordLock(id));
    Files.deleteIfExists(kind.useLock(id));
    AtomicFiles.deleteTree(kind.directory(id));
    AtomicFiles.sync(kind.parent());
    forget(id, index.get(id));
  }

  /**
   * Removes what a call that was cut short before there was a record, or after there was one, left:
   * a directory with nothing but locks and a half-written record in it.
   */
  void sweep(I id) {
    Path directory = kind.directory(id);
    if (!Files.isDirectory(directory) || find(id).isPresent()) {
      return;
    }
    try (FileLocks.Handle _ = FileLocks.await(kind.recordLock(id))) {
      // Whoever was making it has its record now.
      if (find(id).isPresent()) {
        return;
      }
      Files.deleteIfExists(AtomicFiles.temporary(kind.record(id)));
      Files.deleteIfExists(kind.recordLock(id));
      Files.deleteIfExists(kind.useLock(id));
      Files.deleteIfExists(kind.growLock(id));
      Files.delete(directory);
    } catch (NoSuchFileException e) {
      log.debug("{} was removed by somebody else", directory);
    } catch (IOException e) {
      log.warn("{} has no record, and is left alone: {}", directory, e.toString());
    }
  }

  /** Bytes that all records that are known stand for. */
  synchronized long promisedBytes() {
    return promisedBytes;
  }

  int count() {
    return index.size();
  }

  private R write(R record) throws IOException {
    I id = kind.id().apply(record);
    Path file = kind.record(id);
    AtomicFiles.replace(file, Json.bytes(record));
    put(id, new Entry<>(record, Stamp.of(file)));
    return record;
  }

  private interface Action<R> {
    R run() throws IOException;
  }

  private R locked(I id, Action<R> action) {
    try (var _ = FileLocks.await(kind.recordLock(id))) {
      return action.run();
    } catch (NoSuchFileException e) {
      throw StorageException.notFound("no " + name(id));
    } catch (IOException e) {
      throw StorageException.of(
          "can't write the record of " + name(id) + " in " + kind.directory(id), e);
    }
  }

  private synchronized void put(I id, Entry<R> entry) {
    count(index.put(id, entry), -1);
    count(entry, 1);
  }

  /** What has been remembered since is another record's, and stays. */
  private synchronized void forget(I id, @Nullable Entry<R> known) {
    if (known != null && index.remove(id, known)) {
      count(known, -1);
    }
  }

  private void count(@Nullable Entry<R> entry, int sign) {
    if (entry != null) {
      promisedBytes += sign * kind.promised().applyAsLong(entry.record());
      counted(entry.record(), sign);
    }
  }

  /**
   * Told of each record that comes, with a sign of 1, or goes, with -1, while this is locked; when
   * one changes, the old one goes and the new one comes.
   */
  void counted(R record, int sign) {}

  /** As in {@code volume "data"}. */
  final String name(I id) {
    return kind.noun() + " \"" + id + "\"";
  }
}
