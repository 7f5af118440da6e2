package dev.rockpool.driver.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.rockpool.driver.CapturedLog;
import dev.rockpool.driver.TestDriver;
import dev.rockpool.identity.Health;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.ListVolumesRequest;
import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.ProbeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real calls of real services. */
final class RpcLogTest {
  private static final String SECRET = "hunter2-s3cr3t";
  private static final String FLAG = "password-in-a-mount-flag";
  private static final String CONTEXT = "eyJ-service-account-token";

  @TempDir private Path temporary;
  private volatile Health health = new Health.Ready();
  private CapturedLog log;
  private TestDriver driver;

  @BeforeEach
  void start() throws IOException {
    log = new CapturedLog();
    driver =
        new TestDriver(temporary.toRealPath(), () -> health, RpcObserver.NONE, (_, _, _) -> {});
  }

  @AfterEach
  void stop() {
    driver.close();
    log.close();
  }

  @Test
  void isALineForEachCallWithMethodVolumeOutcomeAndMilliseconds() {
    var _ = driver.controller().createVolume(create("data", block()).build());

    assertThat(awaitLine("CreateVolume")).matches("INFO CreateVolume \"data\" OK \\d+ ms");
    assertThat(log.lines()).filteredOn(line -> line.contains("CreateVolume")).hasSize(1);
  }

  @Test
  void saysWhyACallWasRefused() {
    assertThatThrownBy(() ->
            driver
                .controller()
                .createVolume(create("data", block()).putParameters("colour", "red").build()))
        .isInstanceOf(StatusRuntimeException.class);

    assertThat(awaitLine("CreateVolume"))
        .matches("INFO CreateVolume \"data\" INVALID_ARGUMENT \\d+ ms: .*unknown key \"colour\".*");
  }

  @Test
  void isQuietAboutWhatChangesNothing() {
    var _ = driver.controller().listVolumes(ListVolumesRequest.getDefaultInstance());
    var _ = driver.identity().probe(ProbeRequest.getDefaultInstance());

    assertThat(awaitLine("ListVolumes")).startsWith("DEBUG ");
    assertThat(awaitLine("Probe")).startsWith("DEBUG ");
  }

  @Test
  void warnsWhenTheDriverIsNotHealthy() {
    health = new Health.Unhealthy("pool \"default\" can't be read");

    assertThatThrownBy(() -> driver.identity().probe(ProbeRequest.getDefaultInstance()))
        .isInstanceOf(StatusRuntimeException.class);

    assertThat(awaitLine("Probe"))
        .matches("WARN Probe FAILED_PRECONDITION \\d+ ms: pool \"default\" can't be read");
  }

  @Test
  void aNameCannotPassForALogLine() {
    String name = "x\" OK 1 ms\nINFO DeleteVolume \"data";
    var _ = driver.controller().createVolume(create(name, block()).build());

    assertThat(awaitLine("CreateVolume"))
        .matches("INFO CreateVolume \"x' OK 1 ms\\?INFO DeleteVolume 'data\" OK \\d+ ms");
  }

  @Test
  void neverHoldsSecretsMountFlagsOrContexts() throws IOException {
    Path staging = Files.createDirectory(temporary.toRealPath().resolve("staging"));
    String target = temporary.toRealPath().resolve("target").toString();
    Map<String, String> secrets = Map.of("key", SECRET);
    Map<String, String> context = Map.of("csi.storage.k8s.io/serviceAccount.tokens", CONTEXT);
    VolumeCapability mount = mount(FLAG + "=" + SECRET);
    List<Callable<?>> calls =
        List.of(
            () ->
                driver
                    .controller()
                    .createVolume(create("data", mount).putAllSecrets(secrets).build()),
            () ->
                driver
                    .controller()
                    .controllerPublishVolume(
                        ControllerPublishVolumeRequest.newBuilder()
                            .setVolumeId("data")
                            .setNodeId(TestDriver.NODE.value())
                            .setVolumeCapability(mount)
                            .putAllSecrets(secrets)
                            .putAllVolumeContext(context)
                            .build()),
            () ->
                driver
                    .node()
                    .nodeStageVolume(
                        NodeStageVolumeRequest.newBuilder()
                            .setVolumeId("data")
                            .setStagingTargetPath(staging.toString())
                            .setVolumeCapability(mount)
                            .putAllSecrets(secrets)
                            .putAllVolumeContext(context)
                            .build()),
            () ->
                driver
                    .node()
                    .nodePublishVolume(
                        NodePublishVolumeRequest.newBuilder()
                            .setVolumeId("data")
                            .setStagingTargetPath(staging.toString())
                            .setTargetPath(target)
                            .setVolumeCapability(mount)
                            .putAllSecrets(secrets)
                            .putAllVolumeContext(context)
                            .build()),
            () ->
                driver
                    .controller()
                    .deleteVolume(
                        DeleteVolumeRequest.newBuilder()
                            .setVolumeId("data")
                            .putAllSecrets(secrets)
                            .build()));

    List<String> answers = calls.stream().map(RpcLogTest::answer).toList();

    assertThat(awaitLine("DeleteVolume")).isNotEmpty();
    assertThat(log.lines()).anyMatch(line -> line.contains("NodeStageVolume"));
    assertThat(log.lines())
        .noneMatch(line -> line.contains(SECRET))
        .noneMatch(line -> line.contains(FLAG))
        .noneMatch(line -> line.contains(CONTEXT));
    assertThat(answers).noneMatch(line -> line.contains(SECRET) || line.contains(CONTEXT));
  }

  /** What the caller is told, be it a refusal: without root a volume can't be staged. */
  private static String answer(Callable<?> call) {
    try {
      return call.call().toString();
    } catch (Exception e) {
      return e.toString();
    }
  }

  /** A call is logged when it has been answered, which its caller may see a moment earlier. */
  private String awaitLine(String method) {
    return await()
        .until(
            () -> log.lines().stream().filter(line -> line.contains(" " + method)).findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  private static CreateVolumeRequest.Builder create(String name, VolumeCapability capability) {
    CreateVolumeRequest.Builder request =
        CreateVolumeRequest.newBuilder().setName(name).addVolumeCapabilities(capability);
    request.getCapacityRangeBuilder().setRequiredBytes(32 << 20);
    return request;
  }

  private static VolumeCapability block() {
    VolumeCapability.Builder capability = VolumeCapability.newBuilder();
    capability.getBlockBuilder();
    capability.getAccessModeBuilder().setMode(Mode.SINGLE_NODE_MULTI_WRITER);
    return capability.build();
  }

  private static VolumeCapability mount(String flag) {
    VolumeCapability.Builder capability = VolumeCapability.newBuilder();
    capability.getMountBuilder().setFsType("ext4").addMountFlags(flag);
    capability.getAccessModeBuilder().setMode(Mode.SINGLE_NODE_MULTI_WRITER);
    return capability.build();
  }
}
