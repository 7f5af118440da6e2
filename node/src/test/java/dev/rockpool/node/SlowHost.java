package dev.rockpool.node;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.SystemCall;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** The real host with little patience, and system calls that hang where a test wants that. */
final class SlowHost implements Host {
  private volatile Duration limit = Duration.ofMinutes(1);
  private volatile String hanging = "";
  private volatile CountDownLatch letGo = new CountDownLatch(0);

  /** How long commands and system calls that begin from now on are waited for. */
  void patience(Duration time) {
    limit = time;
  }

  /** System calls of that name hang from now on. */
  void hang(String name) {
    letGo = new CountDownLatch(1);
    hanging = name;
  }

  /** Those that hang go on. */
  void letGo() {
    hanging = "";
    letGo.countDown();
  }

  @Override
  public String run(Command command) {
    return TestNode.HOST.run(command.within(limit));
  }

  @Override
  public void call(SystemCall call) {
    CountDownLatch latch = letGo;
    boolean hangs = call.name().equals(hanging);
    TestNode.HOST.call(
        new SystemCall(
            call.name(),
            call.text(),
            limit,
            () -> {
              if (hangs) {
                await(latch);
              }
              call.action().run();
            },
            call.late()));
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
