package dev.rockpool.driver.fault;

import static dev.rockpool.driver.fault.Service.promptly;
import static dev.rockpool.driver.fault.Service.refused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.driver.crash.Orchestrator;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pool that is full, or read-only, for a while, and the same driver before and afterwards. */
@Timeout(300)
@ParameterizedClass
@ValueSource(strings = {"ext4", "xfs"})
final class FaultyPoolIT {
  private static final String DATA = "what was written and acknowledged";

  @TempDir private Path temporary;
  private final String fsType;
  private Disk disk;
  private Disk well;
  private Service service;
  private Orchestrator calls;

  FaultyPoolIT(String fsType) {
    this.fsType = fsType;
  }

  @BeforeEach
  void start() throws Exception {
    disk = Disk.make(temporary, "faulty", fsType, 1024);
    well = Disk.make(temporary, "well", "ext4", 256);
    service = Service.start(temporary, Map.of("faulty", disk, "well", well));
    calls = service.calls();
    calls.create("used", "ext4", 64, "pool", "faulty");
    calls.use("used", "ext4");
    calls.write("used", "ext4", DATA);
    for (String id : List.of("free", "attached", "deleted")) {
      calls.create(id, "", 16, "pool", "faulty");
    }
    calls.create("thick", "", 16, "pool", "faulty", "allocation", "thick");
    calls.attach("attached", "");
    calls.snapshot("old", "free");
  }

  @AfterEach
  void end() {
    try (Disk _ = disk;
        Disk _ = well) {
      service.close();
    }
  }

  /** What takes room. */
  private Map<String, Service.Call> taking() {
    Map<String, Service.Call> all = new LinkedHashMap<>();
    all.put(
        "create thick", () -> calls.create("n1", "", 100, "pool", "faulty", "allocation", "thick"));
    all.put("create ext4", () -> calls.create("n2", "ext4", 64, "pool", "faulty"));
    all.put("create xfs", () -> calls.create("n3", "xfs", 300, "pool", "faulty"));
    all.put("snapshot", () -> calls.snapshot("new", "free"));
    all.put("restore", () -> calls.restore("n4", "", 16, "old"));
    all.put("clone", () -> calls.copy("n5", "", 16, "free"));
    all.put("expand thick", () -> calls.expand("thick", 120));
    all.put("expand", () -> calls.expand("free", 32));
    all.put("attach", () -> calls.attach("free", ""));
    all.put("modify", () -> calls.modify("free", "readIops", 100));
    if (fsType.equals("xfs")) {
      all.put("group", () -> calls.group("g", "free", "thick"));
    }
    return all;
  }

  /** What gives it back, or takes a volume from its user. */
  private Map<String, Service.Call> giving() {
    Map<String, Service.Call> all = new LinkedHashMap<>();
    all.put("unpublish", () -> calls.unpublish("used"));
    all.put("unstage", () -> calls.unstage("used"));
    all.put("detach", () -> calls.detach("used"));
    all.put("detach another", () -> calls.detach("attached"));
    all.put("delete snapshot", () -> calls.deleteSnapshot("old"));
    all.put("delete", () -> calls.delete("deleted"));
    return all;
  }

  private void assertOthersAreServed() throws Exception {
    promptly(
        "a life in the other pool",
        () -> {
          calls.create("other", "ext4", 32, "pool", "well");
          calls.use("other", "ext4");
          calls.takeOff("other");
          calls.delete("other");
        });
  }

  private void assertAllIsThereAndGoesOn(Map<String, Service.Call> again) throws Exception {
    assertThat(service.probe()).isEqualTo(Status.OK);
    for (Map.Entry<String, Service.Call> call : again.entrySet()) {
      promptly(call.getKey(), call.getValue());
    }
    calls.use("used", "ext4");
    assertThat(calls.content("used", "ext4", DATA)).isEqualTo(DATA);
    assertOthersAreServed();
    service.clear();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 256 << 10})
  void aFullPoolRefusesAndLetsGo(long free) throws Exception {
    if (free == 0) {
      disk.fill();
    } else {
      disk.fill(free);
    }
    List<String> refusals = new ArrayList<>();
    for (Map.Entry<String, Service.Call> call : taking().entrySet()) {
      try {
        promptly(call.getKey(), call.getValue());
      } catch (StatusRuntimeException e) {
        assertThat(e.getStatus().getCode())
            .as("%s: %s", call.getKey(), e.getStatus())
            .isEqualTo(Code.RESOURCE_EXHAUSTED);
        assertThat(e.getStatus().getDescription())
            .as(call.getKey())
            .contains(disk.pool().toString());
        refusals.add(call.getKey());
      }
    }
    assertThat(refusals).contains("create thick", "expand thick");
    assertThat(service.probe()).isEqualTo(Status.OK);
    assertThat(service.http("metrics"))
        .containsPattern("rockpool_pool_free_bytes\\{pool=\"faulty\"} [0-9.E]+");
    for (Map.Entry<String, Service.Call> call : giving().entrySet()) {
      promptly(call.getKey(), call.getValue());
    }
    assertOthersAreServed();

    disk.empty();
    Map<String, Service.Call> again = taking();
    // Its source is gone.
    again.remove("restore");
    assertAllIsThereAndGoesOn(again);
  }

  @Test
  void aReadOnlyPoolRefusesAndSaysSo() throws Exception {
    disk.makeReadOnly();
    Map<String, Service.Call> refused = taking();
    refused.put("detach another", () -> calls.detach("attached"));
    refused.put("delete snapshot", () -> calls.deleteSnapshot("old"));
    refused.put("delete", () -> calls.delete("deleted"));
    for (Map.Entry<String, Service.Call> call : refused.entrySet()) {
      assertThat(refused(Code.UNAVAILABLE, call.getValue()))
          .as(call.getKey())
          .contains(disk.pool().toString(), "Read-only file system", "mount it read-write");
    }
    assertThat(service.probe().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(service.probe().getDescription()).contains("pool \"faulty\" is read-only");
    assertThat(service.http("healthz")).startsWith("503").contains("faulty");
    assertThat(service.http("metrics"))
        .contains(
            "rockpool_pool_troubled{pool=\"faulty\"} 1", "rockpool_pool_troubled{pool=\"well\"} 0");
    // What is in use goes on, and can be taken off.
    assertThat(calls.content("used", "ext4", DATA)).isEqualTo(DATA);
    calls.unpublish("used");
    calls.unstage("used");
    assertOthersAreServed();

    disk.makeWritable();
    Map<String, Service.Call> again = taking();
    again.put("detach another", () -> calls.detach("attached"));
    again.put("delete", () -> calls.delete("deleted"));
    assertAllIsThereAndGoesOn(again);
  }
}
