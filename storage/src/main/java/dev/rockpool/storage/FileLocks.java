package dev.rockpool.storage;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.rockpool.storage.host.Descriptor;
import dev.rockpool.storage.host.KernelException;
import dev.rockpool.storage.host.LockState;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * POSIX record locks on whole files, among the threads of this process and among processes, on a
 * shared filesystem also among nodes.
 *
 * <p>Such a lock belongs to the process, and closing any descriptor of the file drops it. So this
 * class, once for the process, is the only one that opens lock files, and opens none twice.
 */
final class FileLocks {
  private static final FileLocks PROCESS = new FileLocks();
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(1);

  private final Map<Path, Held> held = new HashMap<>();

  private FileLocks() {}

  /** A lock that is held until it is closed. */
  static final class Handle implements AutoCloseable {
    private final Path file;
    private boolean open;

    private Handle(Path file, boolean open) {
      this.file = file;
      this.open = open;
    }

    /** The lock of what needs none. */
    static Handle none() {
      return new Handle(Path.of(""), false);
    }

    @Override
    public synchronized void close() {
      if (open) {
        open = false;
        PROCESS.release(file);
      }
    }
  }

  /** The lock of this process; {@code users} of 0 says that it is being taken or given back. */
  private record Held(Optional<FileChannel> channel, boolean shared, int users) {
    /** Nobody has it here, but somebody looks who has. */
    static final Held LOOKED_AT = new Held(Optional.empty(), true, -1);
  }

  /** How the file is locked now, by this process or another; no lock is taken to find out. */
  static LockState state(Path file) throws IOException {
    return PROCESS.look(file.toAbsolutePath().normalize());
  }

  private LockState look(Path file) throws IOException {
    synchronized (held) {
      Held mine = unlooked(file);
      if (mine != null) {
        return mine.shared() && mine.users() > 0 ? LockState.SHARED : LockState.EXCLUSIVE;
      }
      held.put(file, Held.LOOKED_AT);
    }
    try (Descriptor open = Descriptor.forReading(file)) {
      return open.lockOfOthers();
    } catch (KernelException e) {
      if (e.errno() == KernelException.ENOENT) {
        return LockState.FREE;
      }
      throw e;
    } finally {
      synchronized (held) {
        held.remove(file);
        held.notifyAll();
      }
    }
  }

  /** What is known of the file once nobody looks at it; who looks has it open only for a moment. */
  @GuardedBy("held")
  private @Nullable Held unlooked(Path file) throws IOException {
    while (Held.LOOKED_AT.equals(held.get(file))) {
      try {
        held.wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for " + file);
      }
    }
    return held.get(file);
  }

  /**
   * Takes the lock if nobody excludes it now; makes the file where there is none.
   *
   * @param shared beside other shared ones, or alone
   * @return empty if another process, or another user in this one, excludes it
   */
  static Optional<Handle> tryLock(Path file, boolean shared) throws IOException {
    return PROCESS.acquire(file.toAbsolutePath().normalize(), shared);
  }

  /**
   * Takes the lock for a moment's work, waiting for others who do the same.
   *
   * @throws StorageException BUSY if it is not to be had within seconds
   */
  static Handle await(Path file) throws IOException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      Optional<Handle> lock = tryLock(file, false);
      if (lock.isPresent()) {
        return lock.get();
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    throw StorageException.busy("another process holds " + file + "; try again");
  }

  private Optional<Handle> acquire(Path file, boolean shared) throws IOException {
    synchronized (held) {
      Held mine = unlooked(file);
      if (mine != null) {
        if (!shared || !mine.shared() || mine.users() == 0) {
          return Optional.empty();
        }
        held.put(file, new Held(mine.channel(), true, mine.users() + 1));
        return Optional.of(new Handle(file, true));
      }
      held.put(file, new Held(Optional.empty(), shared, 0));
    }
    // The lock manager of a shared filesystem may take its time: other files don't wait for it.
    Optional<FileChannel> channel = Optional.empty();
    try {
      channel = open(file, shared);
      return channel.map(locked -> new Handle(file, true));
    } finally {
      synchronized (held) {
        if (channel.isPresent()) {
          held.put(file, new Held(channel, shared, 1));
        } else {
          held.remove(file);
        }
      }
    }
  }

  private static Optional<FileChannel> open(Path file, boolean shared) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
            AtomicFiles.OWNER_FILE);
    boolean locked = false;
    try {
      FileLock lock = channel.tryLock(0, Long.MAX_VALUE, shared);
      locked = lock != null;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    return locked ? Optional.of(channel) : Optional.empty();
  }

  private void release(Path file) {
    Held mine;
    synchronized (held) {
      mine = held.get(file);
      if (mine == null) {
        return;
      }
      int users = mine.users() - 1;
      held.put(file, new Held(mine.channel(), mine.shared(), users));
      if (users > 0) {
        return;
      }
    }
    // Closed before it is forgotten: closing it later would drop the lock of the next user.
    try {
      if (mine.channel().isPresent()) {
        mine.channel().get().close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("can't release the lock on " + file, e);
    } finally {
      synchronized (held) {
        held.remove(file);
      }
    }
  }
}
