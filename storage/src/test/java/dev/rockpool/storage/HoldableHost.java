package dev.rockpool.storage;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A real host, whose programs can be made to take as long as a test likes. */
public final class HoldableHost implements Host {
  private final Host host = new ExecHost((program, succeeded, took) -> {});
  private final ConcurrentMap<String, Hold> holds = new ConcurrentHashMap<>();
  private final List<String> commands = new CopyOnWriteArrayList<>();

  /** Keeps each run of a program from beginning, until it is closed. */
  public static final class Hold implements AutoCloseable {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch open = new CountDownLatch(1);

    private Hold() {}

    /** Waits until somebody runs the program. */
    public void awaitReached() throws InterruptedException {
      if (!reached.await(20, TimeUnit.SECONDS)) {
        throw new AssertionError("nobody runs the program");
      }
    }

    /** Lets the program begin, this time and later. */
    public void release() {
      open.countDown();
    }

    @Override
    public void close() {
      release();
    }
  }

  public Hold hold(String program) {
    Hold hold = new Hold();
    holds.put(program, hold);
    return hold;
  }

  /** All commands that were run. */
  public List<String> commands() {
    return List.copyOf(commands);
  }

  @Override
  public String run(Command command) {
    commands.add(command.toString());
    Hold hold = holds.get(command.program());
    if (hold != null) {
      hold.reached.countDown();
      try {
        hold.open.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while held", e);
      }
    }
    return host.run(command);
  }
}
