package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.storage.host.LockState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Locks between the users of one process, and between processes. */
@Timeout(60)
final class FileLocksIT {
  private static OtherNode other;

  @TempDir private Path directory;
  private Path file;

  @BeforeAll
  static void startOther() throws IOException {
    other = new OtherNode();
  }

  @AfterAll
  static void endOther() {
    other.close();
  }

  @BeforeEach
  void chooseFile() {
    file = directory.resolve("some.lock");
  }

  private static FileLocks.Handle take(Path file, boolean shared) throws IOException {
    return FileLocks.tryLock(file, shared).orElseThrow();
  }

  private String otherLocks(String how) {
    String answer = other.tell("lock", file, how);
    if (answer.equals("yes")) {
      other.tell("drop", file);
    }
    return answer;
  }

  @Test
  void aLockExcludesOthersInThisProcess() throws IOException {
    try (var _ = take(file, false)) {
      assertThat(FileLocks.tryLock(file, false)).isEmpty();
      assertThat(FileLocks.tryLock(file, true)).isEmpty();
    }
    take(file, false).close();
  }

  @Test
  void aLockExcludesOtherProcesses() throws IOException {
    try (var _ = take(file, false)) {
      assertThat(otherLocks("alone")).isEqualTo("no");
      assertThat(otherLocks("shared")).isEqualTo("no");
    }
    assertThat(otherLocks("alone")).isEqualTo("yes");
  }

  @Test
  void anotherProcesssLockExcludesUs() throws IOException {
    assertThat(other.tell("lock", file, "alone")).isEqualTo("yes");
    assertThat(FileLocks.tryLock(file, false)).isEmpty();
    assertThat(FileLocks.tryLock(file, true)).isEmpty();
    other.tell("drop", file);
    take(file, false).close();
  }

  @Test
  void sharedLocksGoTogether() throws IOException {
    try (var _ = take(file, true);
        var _ = take(file, true)) {
      assertThat(otherLocks("shared")).isEqualTo("yes");
      assertThat(otherLocks("alone")).isEqualTo("no");
      assertThat(FileLocks.tryLock(file, false)).isEmpty();
    }
    assertThat(otherLocks("alone")).isEqualTo("yes");
  }

  /** POSIX drops a process's locks on a file with any of its descriptors that is closed. */
  @Test
  void whoLeavesDoesNotTakeTheLockFromWhoStays() throws IOException {
    FileLocks.Handle leaves = take(file, true);
    try (var _ = take(file, true)) {
      leaves.close();
      leaves.close();
      assertThat(otherLocks("alone")).isEqualTo("no");
    }
    assertThat(otherLocks("alone")).isEqualTo("yes");
  }

  @Test
  void whoIsRefusedDoesNotTakeTheLockFromWhoHasIt() throws IOException {
    try (var _ = take(file, false)) {
      assertThat(FileLocks.tryLock(file, false)).isEmpty();
      assertThat(FileLocks.tryLock(file, true)).isEmpty();
      assertThat(otherLocks("shared")).isEqualTo("no");
    }
  }

  @Test
  void oneFileUnderTwoNamesIsOneFile() throws IOException {
    Path odd = directory.resolve("sub/../some.lock");
    try (var _ = take(file, false)) {
      assertThat(FileLocks.tryLock(odd, false)).isEmpty();
      assertThat(otherLocks("alone")).isEqualTo("no");
    }
  }

  @Test
  void otherFilesAreFree() throws IOException {
    try (var _ = take(file, false);
        var _ = take(directory.resolve("other.lock"), false)) {
      assertThat(file).exists();
    }
  }

  @Test
  void aLockDiesWithItsProcess() throws IOException {
    try (OtherNode dying = new OtherNode()) {
      assertThat(dying.tell("lock", file, "alone")).isEqualTo("yes");
      assertThat(FileLocks.tryLock(file, false)).isEmpty();
      dying.kill();
      take(file, false).close();
    }
  }

  @Test
  void aLockInADirectoryThatIsMissingFails() {
    Path missing = directory.resolve("missing/some.lock");
    assertThatThrownBy(() -> FileLocks.tryLock(missing, false))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> FileLocks.await(missing)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aFailedLockLeavesNothingLocked() throws IOException {
    Path missing = directory.resolve("late/some.lock");
    assertThatThrownBy(() -> FileLocks.tryLock(missing, false)).isInstanceOf(IOException.class);
    Files.createDirectory(directory.resolve("late"));
    take(missing, false).close();
  }

  @Test
  void whoWaitsGetsTheLockOfAnotherProcessWhenItIsFree() throws Exception {
    assertThat(other.tell("lock", file, "alone")).isEqualTo("yes");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<FileLocks.Handle> waiting = threads.submit(() -> FileLocks.await(file));
      assertThat(waiting.isDone()).isFalse();
      other.tell("drop", file);
      waiting.get().close();
    }
  }

  @Test
  void howAFileIsLockedIsSeenWithoutLockingIt() throws IOException {
    assertThat(FileLocks.state(file)).isEqualTo(LockState.FREE);
    assertThat(file).doesNotExist();
    try (var _ = take(file, true)) {
      assertThat(FileLocks.state(file)).isEqualTo(LockState.SHARED);
      assertThat(otherLocks("alone")).as("still locked").isEqualTo("no");
    }
    try (var _ = take(file, false)) {
      assertThat(FileLocks.state(file)).isEqualTo(LockState.EXCLUSIVE);
      assertThat(otherLocks("shared")).as("still locked").isEqualTo("no");
    }
    assertThat(FileLocks.state(file)).isEqualTo(LockState.FREE);
  }

  @Test
  void howAnotherProcessHasLockedAFileIsSeen() throws IOException {
    assertThat(other.tell("lock", file, "alone")).isEqualTo("yes");
    assertThat(FileLocks.state(file)).isEqualTo(LockState.EXCLUSIVE);
    other.tell("drop", file);
    assertThat(other.tell("lock", file, "shared")).isEqualTo("yes");
    assertThat(FileLocks.state(file)).isEqualTo(LockState.SHARED);
    other.tell("drop", file);
    assertThat(FileLocks.state(file)).isEqualTo(LockState.FREE);
  }

  /** Whoever closes the file drops its lock: so nobody looks while somebody begins to lock. */
  @Test
  void whoLooksDropsNobodysLock() throws Exception {
    AtomicBoolean ended = new AtomicBoolean();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> looking =
          threads.submit(() -> {
            while (!ended.get()) {
              FileLocks.state(file);
            }
            return "looked";
          });
      try {
        for (int i = 0; i < 300; i++) {
          try (var _ = take(file, false)) {
            assertThat(otherLocks("alone")).as("lock %d", i).isEqualTo("no");
          }
        }
      } finally {
        ended.set(true);
      }
      assertThat(looking.get()).isEqualTo("looked");
    }
  }

  @Test
  void ofManyWhoWaitOneIsInside() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    Callable<Boolean> visit =
        () -> {
          try (var _ = FileLocks.await(file)) {
            boolean alone = inside.incrementAndGet() == 1;
            inside.decrementAndGet();
            return alone;
          }
        };
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> visits =
          threads.invokeAll(IntStream.range(0, 200).mapToObj(i -> visit).toList());
      for (Future<Boolean> alone : visits) {
        assertThat(alone.get()).isTrue();
      }
    }
    assertThat(Optional.of(otherLocks("alone"))).contains("yes");
  }
}
