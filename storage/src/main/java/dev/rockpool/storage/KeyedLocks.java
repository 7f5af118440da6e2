package dev.rockpool.storage;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One lock for each key, which nobody waits for: who comes second is told so at once.
 *
 * @param <K> what is locked
 */
public final class KeyedLocks<K> {
  private final Set<K> held = ConcurrentHashMap.newKeySet();

  /** A lock that is held until it is closed, by any thread. */
  public interface Held extends AutoCloseable {
    @Override
    void close();
  }

  /** Takes the lock, or nothing if it is taken. */
  public Optional<Held> tryLock(K key) {
    if (!held.add(key)) {
      return Optional.empty();
    }
    AtomicBoolean open = new AtomicBoolean(true);
    return Optional.of(() -> {
      // Closed again, it must not take the lock from whom it belongs to by then.
      if (open.getAndSet(false)) {
        held.remove(key);
      }
    });
  }

  /**
   * Takes the lock.
   *
   * @throws StorageException BUSY if it is taken
   */
  public Held lock(K key) {
    return tryLock(key)
        .orElseThrow(
            () -> StorageException.busy("another call is working on \"" + key + "\"; try again"));
  }
}
