package dev.rockpool.storage;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** How fast all copies of images together may be, so that the volumes' users are not disturbed. */
public final class CopyRate {
  /** Where nothing else is said: 200 MiB in a second. */
  public static final long DEFAULT_BYTES_PER_SECOND = 200L << 20;

  static final CopyRate UNBOUNDED = new CopyRate(Long.MAX_VALUE);

  private final long bytesPerSecond;
  // When the next piece may begin; guarded by this.
  private long next = System.nanoTime();

  public CopyRate(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Waits until so many bytes more may be copied; an interrupted thread does not wait. */
  void await(long bytes) {
    long mine;
    synchronized (this) {
      mine = Math.max(next, System.nanoTime());
      next = mine + (long) ((double) bytes * Duration.ofSeconds(1).toNanos() / bytesPerSecond);
    }
    long wait = mine - System.nanoTime();
    while (wait > 0 && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(wait);
      wait = mine - System.nanoTime();
    }
  }
}
