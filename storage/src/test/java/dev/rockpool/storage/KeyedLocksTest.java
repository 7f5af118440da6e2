package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class KeyedLocksTest {
  private final KeyedLocks<String> locks = new KeyedLocks<>();

  @Test
  void whoComesSecondIsToldAtOnce() {
    try (var _ = locks.lock("a")) {
      assertRefused(StorageException.Reason.BUSY, () -> locks.lock("a")).contains("\"a\"");
      assertThat(locks.tryLock("a")).isEmpty();
    }
    assertThat(locks.tryLock("a")).isPresent();
  }

  @Test
  void otherKeysAreFree() {
    try (var _ = locks.lock("a");
        var _ = locks.lock("b")) {
      assertThat(locks.tryLock("c")).isPresent();
    }
  }

  @Test
  void closingTwiceDoesNotTakeTheLockFromItsNextHolder() {
    KeyedLocks.Held first = locks.lock("a");
    first.close();
    KeyedLocks.Held second = locks.lock("a");
    first.close();
    assertThat(locks.tryLock("a")).isEmpty();
    second.close();
  }

  @Test
  void ofManyThreadsOneHoldsIt() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    Callable<Boolean> attempt =
        () -> {
          Optional<KeyedLocks.Held> held = locks.tryLock("a");
          if (held.isEmpty()) {
            return true;
          }
          boolean alone = inside.incrementAndGet() == 1;
          inside.decrementAndGet();
          held.get().close();
          return alone;
        };
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> results =
          threads.invokeAll(IntStream.range(0, 2000).mapToObj(i -> attempt).toList());
      for (Future<Boolean> result : results) {
        assertThat(result.get()).isTrue();
      }
    }
  }
}
