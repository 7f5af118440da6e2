package dev.rockpool.node;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does something again and again, in a thread of its own, until it is closed. */
final class Heartbeat implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Heartbeat.class);

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;

  private Heartbeat(String name, Duration pause, Runnable beat) {
    this.thread = Thread.ofPlatform().daemon().name(name).unstarted(() -> run(pause, beat));
  }

  static Heartbeat start(String name, Duration pause, Runnable beat) {
    Heartbeat heartbeat = new Heartbeat(name, pause, beat);
    heartbeat.thread.start();
    return heartbeat;
  }

  private void run(Duration pause, Runnable beat) {
    try {
      while (!closed.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
        try {
          beat.run();
        } catch (RuntimeException e) {
          log.warn("{}: {}", Thread.currentThread().getName(), e.toString());
        }
      }
    } catch (InterruptedException e) {
      log.debug("{} was interrupted", Thread.currentThread().getName());
    }
  }

  /** Ends it; a beat that is under way may go on for a moment. */
  @Override
  public void close() {
    closed.countDown();
  }
}
