package dev.rockpool.driver.standalone;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.rockpool.identity.Health;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pools of a driver that serves while they are still being opened: a pool on a filesystem that
 * is slow, or not mounted yet, must not keep the socket from appearing.
 */
final class OpenPools implements Supplier<Pools>, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(OpenPools.class);

  /** How the pools come to be, and what happens then; called in a thread of their own. */
  interface Steps {
    /**
     * Opens all pools, or none.
     *
     * @throws StorageException INVALID or PRECONDITION if that is hopeless; anything else, and it
     *     is tried again
     */
    Pools open();

    /** What must be done before anybody else gets the pools; this thread does already. */
    void recover(Pools pools);

    /** The pools can be used. */
    void opened();

    /** They can't be opened, and it is not tried again. */
    void hopeless(StorageException why);
  }

  private sealed interface State {
    record Opening() implements State {}

    record Failing(String reason) implements State {}

    record Recovering(Pools pools, Thread by) implements State {}

    record Open(Pools pools) implements State {}

    record Closed() implements State {}
  }

  private final Steps steps;
  private final Duration pause;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread opener;

  @GuardedBy("this")
  private State state = new State.Opening();

  /**
   * @param pause before what failed is tried again
   */
  OpenPools(Steps steps, Duration pause) {
    this.steps = steps;
    this.pause = pause;
    this.opener = Thread.ofPlatform().daemon().name("rockpool-open").unstarted(this::openUntilOpen);
  }

  /** Begins to open the pools. */
  void start() {
    opener.start();
  }

  private void openUntilOpen() {
    try {
      do {
        try {
          open();
          return;
        } catch (StorageException e) {
          if (e.reason() == Reason.INVALID || e.reason() == Reason.PRECONDITION) {
            steps.hopeless(e);
            return;
          }
          failed(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
          log.error("a defect of the driver, please report it", e);
          failed(e.toString());
        }
      } while (!closing.await(pause.toNanos(), TimeUnit.NANOSECONDS));
    } catch (InterruptedException e) {
      log.debug("opening the pools was interrupted");
    }
  }

  private void open() {
    Pools pools = steps.open();
    try {
      if (!become(new State.Recovering(pools, Thread.currentThread()))) {
        pools.close();
        return;
      }
      steps.recover(pools);
      if (!become(new State.Open(pools))) {
        return;
      }
    } catch (RuntimeException e) {
      pools.close();
      throw e;
    }
    steps.opened();
  }

  private void failed(String reason) {
    if (!(current() instanceof State.Failing(String known)) || !known.equals(reason)) {
      log.warn("{}; trying again every {} s", reason, pause.toSeconds());
    }
    become(new State.Failing(reason));
  }

  private synchronized State current() {
    return state;
  }

  /** Whether the state is the given one now: it isn't, once this is closed. */
  private synchronized boolean become(State next) {
    if (state instanceof State.Closed) {
      return false;
    }
    state = next;
    return true;
  }

  /**
   * The open pools.
   *
   * @throws StorageException UNAVAILABLE while they are not
   */
  @Override
  public Pools get() {
    return switch (current()) {
      case State.Open(Pools pools) -> pools;
      case State.Recovering(Pools pools, Thread by) when by.equals(Thread.currentThread()) -> pools;
      case State.Opening _, State.Recovering _ -> throw unavailable("pools are being opened");
      case State.Failing(String reason) -> throw unavailable(reason);
      case State.Closed _ -> throw unavailable("the driver is ending");
    };
  }

  private static StorageException unavailable(String reason) {
    return new StorageException(Reason.UNAVAILABLE, reason);
  }

  /** The open pools, or empty while they are not. */
  Optional<Pools> ifOpen() {
    return current() instanceof State.Open(Pools pools) ? Optional.of(pools) : Optional.empty();
  }

  /** Whether they can be used; looks at each of them. */
  Health health() {
    return switch (current()) {
      case State.Opening _ -> new Health.Starting("pools are being opened");
      case State.Recovering _ -> new Health.Starting("staged volumes are being taken up again");
      case State.Failing(String reason) -> new Health.Unhealthy(reason);
      case State.Open(Pools pools) ->
          pools.ailment().<Health>map(Health.Unhealthy::new).orElseGet(Health.Ready::new);
      case State.Closed _ -> new Health.Starting("the driver is ending");
    };
  }

  /** Closes the pools, or gives up opening them. */
  @Override
  public void close() {
    closing.countDown();
    State last;
    synchronized (this) {
      last = state;
      state = new State.Closed();
    }
    switch (last) {
      case State.Open(Pools pools) -> pools.close();
      case State.Recovering(Pools pools, Thread _) -> pools.close();
      case State.Opening _, State.Failing _, State.Closed _ -> {}
    }
  }
}
