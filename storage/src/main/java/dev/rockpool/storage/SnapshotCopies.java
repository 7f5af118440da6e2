package dev.rockpool.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies snapshots whose blocks can't be shared, each in a thread of its own. How far a copy has
 * come stands in the snapshot's record, so that it goes on after whatever ended it.
 */
final class SnapshotCopies implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SnapshotCopies.class);
  private static final Duration END_LIMIT = Duration.ofSeconds(10);

  private final ImageCopy images;
  private final Restoring trees;
  private final Map<SnapshotId, Thread> running = new ConcurrentHashMap<>();
  // Why copies came to nothing, until somebody asks.
  private final Map<SnapshotId, StorageException> failures = new ConcurrentHashMap<>();

  SnapshotCopies(CopyRate rate, Restoring trees) {
    this.images = new ImageCopy(rate);
    this.trees = trees;
  }

  /**
   * Begins to copy, or goes on.
   *
   * @param snapshot whose record says that it is being copied
   * @param source held until the copy has ended, so that the volume does not change
   */
  void start(Pool pool, SnapshotRecord snapshot, Pool.UseLock source) {
    SnapshotId id = snapshot.id();
    Thread thread =
        Thread.ofPlatform()
            .name("rockpool-copy-" + id)
            .daemon()
            .unstarted(() -> {
              try (source) {
                copy(pool, snapshot);
              } finally {
                running.remove(id);
              }
            });
    running.put(id, thread);
    thread.start();
  }

  private void copy(Pool pool, SnapshotRecord snapshot) {
    SnapshotId id = snapshot.id();
    long begin = System.nanoTime();
    try {
      copyContents(pool, snapshot);
      pool.snapshots()
          .update(
              id,
              now ->
                  now.state() == SnapshotRecord.State.COPYING
                      ? now.withState(SnapshotRecord.State.READY)
                      : now);
      log.info(
          "snapshot \"{}\" was copied in {} s",
          id,
          Duration.ofNanos(System.nanoTime() - begin).toSeconds());
    } catch (IOException | RuntimeException e) {
      if (Thread.currentThread().isInterrupted()) {
        log.info("copying snapshot \"{}\" was interrupted", id);
        return;
      }
      log.error("snapshot \"{}\" could not be copied", id, e);
      failures.put(
          id,
          switch (e) {
            case StorageException failure -> failure;
            case IOException failure ->
                StorageException.of("can't copy snapshot \"" + id + "\"", failure);
            default ->
                new StorageException(
                    StorageException.Reason.FAILED, "can't copy snapshot \"" + id + "\": " + e, e);
          });
    }
  }

  private void copyContents(Pool pool, SnapshotRecord snapshot) throws IOException {
    SnapshotId id = snapshot.id();
    if (!snapshot.contents().image()) {
      trees.copyTree(pool.data(snapshot.source()), pool.layout().data(id));
      AtomicFiles.sync(pool.snapshots().kind().directory(id));
      return;
    }
    Path to = pool.layout().image(id);
    images.copy(
        pool.image(snapshot.source()),
        to,
        Files.exists(to) ? snapshot.copiedBytes() : 0,
        bytes -> pool.snapshots().update(id, now -> now.withCopied(bytes)));
  }

  /** Whether the snapshot is being copied now. */
  boolean isRunning(SnapshotId id) {
    return running.containsKey(id);
  }

  /** Why the copy came to nothing; told once, so that the next attempt begins anew. */
  Optional<StorageException> failure(SnapshotId id) {
    return Optional.ofNullable(failures.remove(id));
  }

  /**
   * Ends the copy, if it is going on.
   *
   * @throws StorageException BUSY if it does not end in time
   */
  void cancel(SnapshotId id) {
    Thread thread = running.get(id);
    if (thread == null) {
      return;
    }
    thread.interrupt();
    try {
      if (!thread.join(END_LIMIT)) {
        throw StorageException.busy("snapshot \"" + id + "\" is still being copied; try again");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException(
          StorageException.Reason.BUSY, "interrupted while a copy was ended", e);
    }
  }

  /** Interrupts all copies; they go on when the pools are opened again. */
  @Override
  public void close() {
    running
        .keySet()
        .forEach(id -> {
          try {
            cancel(id);
          } catch (StorageException e) {
            log.warn("{}", e.getMessage());
          }
        });
  }
}
