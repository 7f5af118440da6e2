package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.SystemCall;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Calls on different volumes never wait for one another; a second call on a busy one is told so.
 */
@Timeout(60)
final class ParallelIT {
  private static final int VOLUMES = 32;

  @RegisterExtension private static final Machine machine = Machine.xfs();

  // Before which of its commands and system calls the node's host waits, if before any.
  private volatile Consumer<String> obstacle = _ -> {};
  private TestNode node;

  @BeforeEach
  void open() {
    node =
        TestNode.local(
            machine,
            new Host() {
              @Override
              public String run(Command command) {
                obstacle.accept(command.toString());
                return TestNode.HOST.run(command);
              }

              @Override
              public void call(SystemCall call) {
                obstacle.accept(call.text());
                TestNode.HOST.call(call);
              }
            });
  }

  @AfterEach
  void close() {
    node.close();
  }

  private static VolumeCapability writer(Kind kind) {
    return kind.capability(Mode.SINGLE_NODE_MULTI_WRITER);
  }

  /** Lives of 32 volumes at once, each step of them in parallel with whatever the others do. */
  @Test
  void manyVolumesLiveAtOnce() throws Exception {
    List<Callable<Void>> lives =
        IntStream.range(0, VOLUMES)
            .mapToObj(i -> life("vol-" + i, i % 2 == 0 ? Kind.EXT4 : Kind.BLOCK))
            .toList();
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Void> life : callers.invokeAll(lives)) {
        life.get();
      }
    }
    assertThat(machine.mounts()).isEmpty();
    assertThat(machine.loopDevices()).isEmpty();
  }

  private Callable<Void> life(String volume, Kind kind) {
    return () -> {
      node.create(volume, kind);
      node.use(volume, writer(kind));
      Path target = node.publish(volume, volume + "-one", writer(kind));
      Path reader = node.publish(volume, volume + "-two", writer(kind), true);
      kind.write(target, 1);
      kind.assertHolds(reader, 1);
      // Commands that this process starts meanwhile have its open files until they run.
      for (Path path : List.of(target, reader)) {
        await()
            .pollDelay(Duration.ZERO)
            .ignoreExceptionsMatching(e -> String.valueOf(e.getMessage()).contains("busy"))
            .untilAsserted(() -> node.unpublish(volume, path));
      }
      node.unstage(volume);
      return null;
    };
  }

  /** What hangs, as the beginning of its text. */
  @ParameterizedTest
  @ValueSource(
      strings = {"looking", "attaching", "mount -t", "mount --bind", "umount", "detaching"})
  void whatHangsHoldsUpItsOwnVolumeOnly(String work) throws Exception {
    CountDownLatch hung = new CountDownLatch(1);
    CountDownLatch mended = new CountDownLatch(1);
    obstacle =
        asked -> {
          if (asked.startsWith(work) && mine(asked, "hung")) {
            hung.countDown();
            awaitUnchecked(mended);
          }
        };
    node.create("hung", Kind.EXT4);
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Void> slow = callers.submit(liveAndStay("hung"));
      try {
        assertThat(hung.await(20, TimeUnit.SECONDS)).isTrue();
        for (int i = 0; i < 4; i++) {
          life("vol-" + i, i % 2 == 0 ? Kind.EXT4 : Kind.BLOCK).call();
        }
        assertBusy(() -> node.stage("hung", writer(Kind.EXT4)));
        assertBusy(() -> node.publish("hung", "two", writer(Kind.EXT4)));
        assertBusy(() -> node.unpublish("hung", node.pods().resolve("hung-one/mount")));
        assertBusy(() -> node.unstage("hung", node.stagingPath("hung").toString()));
        assertThat(slow.isDone()).isFalse();
      } finally {
        mended.countDown();
      }
      slow.get();
    }
  }

  /** Whether the work is for the volume: its image, its paths, or its device. */
  private boolean mine(String work, String volume) {
    return work.contains("/" + volume)
        || machine.loopDevices().stream()
            .filter(work::endsWith)
            .anyMatch(device ->
                Machine.run("losetup", "-nO", "BACK-FILE", device).contains("/" + volume + "/"));
  }

  private Callable<Void> liveAndStay(String volume) {
    return () -> {
      node.use(volume, writer(Kind.EXT4));
      Path target = node.publish(volume, volume + "-one", writer(Kind.EXT4));
      node.unpublish(volume, target);
      node.unstage(volume);
      return null;
    };
  }

  private static void assertBusy(ThrowingCallable call) {
    assertRefused(Code.ABORTED, call).contains("another call is working on \"hung\"");
  }

  private static void awaitUnchecked(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** One of them does it, the others find it done or are told to come again. */
  @Test
  void ofManyEqualCallsEachIsAnsweredRightly() throws Exception {
    node.create("vol", Kind.EXT4);
    node.attach("vol", writer(Kind.EXT4), false);
    Callable<Void> stage =
        () -> {
          node.stage("vol", writer(Kind.EXT4));
          return null;
        };
    int staged = 0;
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Void> call : callers.invokeAll(Collections.nCopies(16, stage))) {
        switch (call.state()) {
          case SUCCESS -> staged++;
          case FAILED -> assertThat(call.exceptionNow()).hasMessageStartingWith("ABORTED");
          case RUNNING, CANCELLED -> throw new AssertionError();
        }
      }
    }
    assertThat(staged).isPositive();
    assertThat(machine.loopDevices()).hasSize(1);
    assertThat(machine.mounts()).hasSize(1);
  }
}
