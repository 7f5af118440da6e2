package dev.rockpool.driver.leak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.rockpool.driver.CsiClient;
import dev.rockpool.driver.DriverProcess;
import dev.rockpool.driver.Leftovers;
import dev.rockpool.driver.TestFilesystem;
import dev.rockpool.driver.TestPools;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Thousands of volumes live and die in one process of the real program, which is afterwards as
 * small as it was before.
 */
final class LeaksIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int CLIENTS = 3;
  private static final int LIFECYCLES = 2000;
  // Classes are loaded and compiled, caches and pools filled.
  private static final int WARM_UP = 300;
  private static final int BETWEEN_SAMPLES = 100;
  // A sample less or more is noise: threads come and go.
  private static final int SOME = 6;
  // A record that is kept takes more.
  private static final double HEAP_BYTES_EACH = 200;
  private static final long RSS_BYTES = 24L << 20;
  private static final String NODE = "node";
  private static final long LIMIT_BYTES = 3L << 30;

  @TempDir private Path temporary;

  @Test
  void nothingIsKeptOfVolumesThatAreGone() throws Exception {
    Path work = temporary.toRealPath();
    try (TestFilesystem filesystem = new TestFilesystem(work, "xfs", 4)) {
      Path pool = filesystem.mountPoint().resolve("pool");
      TestPools.local("default", pool);
      Path socket = work.resolve("run/csi.sock");
      try (DriverProcess driver =
              DriverProcess.start(
                  work,
                  "standalone",
                  "--pool",
                  "default=" + pool + ",limit=" + LIMIT_BYTES,
                  "--node-id",
                  NODE,
                  "--endpoint",
                  "unix://" + socket,
                  "--state-dir",
                  work.resolve("state").toString(),
                  "--target-root",
                  work.toString());
          CsiClient client = new CsiClient(driver.connect(socket), NODE)) {
        await().atMost(PATIENCE).until(client::ready);
        live(client, work, 0, WARM_UP);
        List<Footprint> samples = new ArrayList<>(List.of(Footprint.of(driver.pid(), pool)));
        for (int done = 0; done < LIFECYCLES; done += BETWEEN_SAMPLES) {
          live(client, work, WARM_UP + done, BETWEEN_SAMPLES);
          samples.add(Footprint.of(driver.pid(), pool));
        }

        tell(samples);
        assertFlat(samples);
        assertThat(client.capacity()).isEqualTo(LIMIT_BYTES);
        assertThat(Leftovers.contents(pool)).isEmpty();
        assertThat(Leftovers.loopFiles(pool)).isEmpty();
        assertThat(work.resolve("state")).isEmptyDirectory();
      }
    }
  }

  private static void tell(List<Footprint> samples) {
    Footprint first = samples.getFirst();
    Footprint last = samples.getLast();
    System.out.printf(
        "leaks: %d lifecycles, descriptors %d -> %d, threads %d -> %d, heap after GC %.2f -> %.2f MiB,"
            + " loop devices %d -> %d, RSS %d -> %d MiB%n",
        LIFECYCLES,
        first.descriptors(),
        last.descriptors(),
        first.threads(),
        last.threads(),
        first.heapBytes() / (double) (1 << 20),
        last.heapBytes() / (double) (1 << 20),
        first.loopDevices(),
        last.loopDevices(),
        first.rssBytes() >> 20,
        last.rssBytes() >> 20);
  }

  private static void assertFlat(List<Footprint> samples) {
    Footprint first = samples.getFirst();
    Footprint last = samples.getLast();
    assertThat(last.descriptors())
        .as("descriptors: %s", samples)
        .isLessThanOrEqualTo(first.descriptors() + SOME);
    assertThat(last.threads())
        .as("threads: %s", samples)
        .isLessThanOrEqualTo(first.threads() + SOME);
    assertThat(samples).allMatch(sample -> sample.loopDevices() == 0);
    assertThat(each(samples, Footprint::heapBytes))
        .as("bytes of heap that each lifecycle leaves: %s", samples)
        .isLessThan(HEAP_BYTES_EACH);
    assertThat(last.rssBytes()).as("RSS: %s", samples).isLessThan(first.rssBytes() + RSS_BYTES);
  }

  private static double each(List<Footprint> samples, ToLongFunction<Footprint> part) {
    return Slope.of(samples.stream().map(sample -> part.applyAsLong(sample)).toList())
        / BETWEEN_SAMPLES;
  }

  private static void live(CsiClient client, Path work, int from, int count) throws Exception {
    try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      List<Callable<Boolean>> lives = new ArrayList<>();
      for (int i = from; i < from + count; i++) {
        Lifecycle life = new Lifecycle(client, work, i);
        lives.add(life::run);
      }
      for (Future<Boolean> life : clients.invokeAll(lives)) {
        try {
          assertThat(life.get()).isTrue();
        } catch (ExecutionException e) {
          throw new AssertionError("a lifecycle failed: " + e.getCause(), e.getCause());
        }
      }
    }
  }

  /**
   * From the making of a volume to its end. Every second one is raw, every fifth has a snapshot,
   * and in every third calls are made that are refused.
   */
  private record Lifecycle(CsiClient client, Path work, int number) {
    private static final long BYTES = 16 << 20;

    boolean run() throws IOException {
      String id = "volume-" + number;
      VolumeCapability capability =
          CsiClient.capability(number % 2 == 0 ? "" : "ext4", Mode.SINGLE_NODE_WRITER);
      Path staging = Files.createDirectory(work.resolve("staging-" + number));
      Path target = work.resolve("target-" + number);
      client.create(id, BYTES, capability);
      client.attach(id, capability, false);
      client.stage(id, staging, capability);
      client.publish(id, staging, target, capability, false);
      if (number % 5 == 0) {
        client.takeSnapshot("snapshot-" + number, id);
        client.deleteSnapshot("snapshot-" + number);
      }
      if (number % 3 == 0) {
        refused(() -> client.delete(id));
        refused(() -> client.stage(id, work.resolve("elsewhere"), capability));
        refused(() -> client.publish(id, staging, work.resolve("other"), capability, true));
        refused(() -> client.create(id, 2 * BYTES, capability));
        refused(() -> client.unstage(id, staging));
      }
      client.unpublish(id, target);
      client.unstage(id, staging);
      client.detach(id);
      client.delete(id);
      Files.delete(staging);
      return true;
    }

    private static void refused(Runnable call) {
      assertThatThrownBy(call::run).isInstanceOf(StatusRuntimeException.class);
    }
  }
}
