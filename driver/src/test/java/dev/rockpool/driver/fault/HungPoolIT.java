package dev.rockpool.driver.fault;

import static dev.rockpool.driver.fault.Service.begin;
import static dev.rockpool.driver.fault.Service.promptly;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.driver.crash.Orchestrator;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pool whose filesystem lets nobody write, as a network filesystem does that hangs. */
@Timeout(300)
final class HungPoolIT {
  // More than the machine has processors.
  private static final int HUNG = 2 * Runtime.getRuntime().availableProcessors() + 4;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private Path temporary;
  private Disk hung;
  private Disk well;
  private Service service;
  private Orchestrator calls;

  @BeforeEach
  void start() throws Exception {
    hung = Disk.make(temporary, "hung", "xfs", 2048);
    well = Disk.make(temporary, "well", "ext4", 512);
    service = Service.start(temporary, Map.of("hung", hung, "well", well));
    calls = service.calls();
  }

  @AfterEach
  void end() {
    try (Disk _ = hung;
        Disk _ = well) {
      service.close();
    }
  }

  private void assertOthersAreServed() throws Exception {
    assertThat(promptly("Probe", service::probe).getCode()).isEqualTo(Code.OK);
    promptly("GetCapacity", calls::capacity);
    promptly("ListSnapshots", calls::countSnapshots);
    assertThat(promptly("health", () -> service.http("healthz"))).startsWith("200");
    assertThat(promptly("metrics", () -> service.http("metrics"))).contains("pool=\"well\"");
    promptly(
        "a whole life in the other pool",
        () -> {
          calls.create("other", "ext4", 32, "pool", "well");
          calls.use("other", "ext4");
          calls.takeOff("other");
          calls.delete("other");
        });
  }

  /** Every call that writes to the pool hangs, without a limit, since nobody can end it. */
  @Test
  void holdsUpItsOwnVolumesOnly() throws Exception {
    Map<String, Service.Call> hanging = new LinkedHashMap<>();
    for (int i = 0; i < HUNG; i++) {
      String id = "new-" + i;
      hanging.put(id, () -> calls.create(id, "ext4", 32, "pool", "hung"));
    }
    for (String id :
        List.of("deleted", "attached", "detached", "expanded", "modified", "snapped")) {
      calls.create(id, "ext4", 32, "pool", "hung");
    }
    calls.attach("detached", "ext4");
    calls.use("snapped", "ext4");
    hanging.put("deleted", () -> calls.delete("deleted"));
    hanging.put("attached", () -> calls.attach("attached", "ext4"));
    hanging.put("detached", () -> calls.detach("detached"));
    hanging.put("expanded", () -> calls.expand("expanded", 40));
    hanging.put("modified", () -> calls.modify("modified", "readIops", 100));
    hanging.put("snapped", () -> calls.snapshot("snapshot", "snapped"));

    hung.freeze();
    List<CompletableFuture<Void>> begun = new ArrayList<>();
    try {
      for (Service.Call call : hanging.values()) {
        begun.add(hangOnce(call));
      }
      assertOthersAreServed();
      assertThat(begun).noneMatch(CompletableFuture::isDone);
    } finally {
      hung.thaw();
    }
    for (CompletableFuture<Void> call : begun) {
      call.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    for (Map.Entry<String, Service.Call> call : hanging.entrySet()) {
      promptly(call.getKey() + " again", call.getValue());
    }
    assertOthersAreServed();
    service.clear();
  }

  /** Of the same call twice, one hangs, and the other is refused at once. */
  private static CompletableFuture<Void> hangOnce(Service.Call call) throws Exception {
    CompletableFuture<Void> one = begin(call);
    CompletableFuture<Void> other = begin(call);
    assertThat(CompletableFuture.anyOf(one, other).handle((_, failure) -> "" + failure))
        .succeedsWithin(PATIENCE)
        .asString()
        .contains("ABORTED")
        .contains("another call is working on");
    return one.isDone() ? other : one;
  }
}
