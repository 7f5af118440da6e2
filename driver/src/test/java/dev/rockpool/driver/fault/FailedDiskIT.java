package dev.rockpool.driver.fault;

import static dev.rockpool.driver.fault.Service.promptly;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.driver.crash.Orchestrator;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** A pool whose filesystem is shut down, as the kernel does it when its disk fails. */
@Timeout(120)
@ParameterizedClass
@ValueSource(strings = {"ext4", "xfs"})
final class FailedDiskIT {
  private static final String DATA = "what was written and acknowledged";

  @TempDir private Path temporary;
  private final String fsType;
  private Disk failed;
  private Disk well;
  private Service service;
  private Orchestrator calls;

  FailedDiskIT(String fsType) {
    this.fsType = fsType;
  }

  @BeforeEach
  void start() throws Exception {
    failed = Disk.make(temporary, "failed", fsType, 512);
    well = Disk.make(temporary, "well", "ext4", 256);
    service = Service.start(temporary, Map.of("failed", failed, "well", well));
    calls = service.calls();
  }

  @AfterEach
  void end() {
    try (Disk _ = failed;
        Disk _ = well) {
      service.close();
    }
  }

  @Test
  void saysSoAndIsServedAgainWhenItIsMountedAnew() throws Exception {
    calls.create("v", "ext4", 32, "pool", "failed");
    calls.use("v", "ext4");
    calls.write("v", "ext4", DATA);
    calls.create("w", "", 16, "pool", "failed");
    calls.create("deleted", "", 16, "pool", "failed");

    failed.shutDown();
    List<Service.Call> writing =
        List.of(
            () -> calls.create("new", "", 16, "pool", "failed"),
            () -> calls.attach("w", ""),
            () -> calls.expand("w", 32),
            () -> calls.snapshot("s", "w"),
            () -> calls.delete("deleted"));
    for (Service.Call call : writing) {
      assertThat(failure(call)).contains(failed.pool().toString(), "Input/output error");
    }
    assertThat(service.probe().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(service.probe().getDescription()).contains("\"failed\"", "Input/output error");
    assertThat(service.http("healthz")).startsWith("503");
    assertThat(service.http("metrics"))
        .contains(
            "rockpool_pool_troubled{pool=\"failed\"} 1", "rockpool_pool_troubled{pool=\"well\"} 0");
    // What is in use can be taken off, and nothing of the other pool is touched.
    promptly("unpublish", () -> calls.unpublish("v"));
    promptly("unstage", () -> calls.unstage("v"));
    assertThat(service.devices()).isEmpty();

    // The driver's own open files hold the filesystem that was shut down.
    service.kill();
    failed.unmount();
    failed.mount();
    service.restart();
    assertThat(service.probe()).isEqualTo(Status.OK);
    calls.use("v", "ext4");
    assertThat(calls.content("v", "ext4", DATA)).isEqualTo(DATA);
    for (Service.Call call : writing) {
      promptly("the same call again", call);
    }
    service.clear();
  }

  private static String failure(Service.Call call) throws Exception {
    try {
      promptly("a failure", call);
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isIn(Code.INTERNAL, Code.UNAVAILABLE);
      return String.valueOf(e.getStatus().getDescription());
    }
    throw new AssertionError("done on a disk that has failed");
  }
}
