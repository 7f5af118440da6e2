package dev.rockpool.driver.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.driver.DriverProcess;
import dev.rockpool.driver.TestPools;
import dev.rockpool.proto.csi.ControllerGetVolumeRequest;
import dev.rockpool.proto.csi.ControllerGetVolumeResponse;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.ProbeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The built program as its users meet it: sockets, signals, exit codes. */
@Timeout(90)
final class StandaloneIT {
  private static final Pattern HTTP = Pattern.compile("metrics and health on (http://\\S+)");

  @TempDir private Path temporary;
  private Path pool;
  private Path socket;

  @BeforeEach
  void choosePaths() {
    pool = temporary.resolve("pool");
    socket = temporary.resolve("run/csi.sock");
  }

  private DriverProcess start(String... more) throws IOException {
    String[] arguments = {
      "standalone",
      "--pool",
      "default=" + pool,
      "--node-id",
      "test-node",
      "--endpoint",
      "unix://" + socket,
      "--state-dir",
      temporary.resolve("state").toString()
    };
    String[] all = new String[arguments.length + more.length];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return DriverProcess.start(temporary, all);
  }

  @Test
  void servesUntilSigtermAndThenEndsInGoodOrder() throws Exception {
    TestPools.local("default", pool);
    try (DriverProcess driver = start()) {
      ManagedChannel channel = driver.connect(socket);
      awaitReady(channel);
      channel.shutdownNow();

      driver.terminate();

      assertThat(driver.exitCode()).isZero();
      assertThat(socket).doesNotExist();
      assertThat(driver.output())
          .contains("INFO  rockpool ")
          .contains("as node \"test-node\"")
          .contains("pools are open")
          .endsWith("INFO  ended\n");
    }
  }

  @Test
  void isNotReadyWhileItsPoolsAreBeingOpened() throws Exception {
    TestPools.local("default", pool);
    Files.createDirectories(pool.resolve("volumes/slow"));
    SlowFile record = SlowFile.make(pool.resolve("volumes/slow/volume.json"));
    try (DriverProcess driver = start()) {
      ManagedChannel channel = driver.connect(socket);
      assertThat(isReady(channel)).isFalse();
      assertThat(driver.output()).contains("not ready: pools are being opened");

      record.become(new byte[0]);

      awaitReady(channel);
      channel.shutdownNow();
    }
  }

  @Test
  void isUnhealthyWhileAPoolCannotBeReadAndRecovers() throws Exception {
    TestPools.local("default", pool);
    Path record = pool.resolve("pool.json");
    Files.move(record, temporary.resolve("aside"));
    Files.createDirectory(record);
    try (DriverProcess driver = start()) {
      ManagedChannel channel = driver.connect(socket);
      await()
          .until(() -> {
            try {
              return isReady(channel);
            } catch (StatusRuntimeException e) {
              return e.getStatus().getCode() == Status.Code.FAILED_PRECONDITION
                  && String.valueOf(e.getMessage()).contains("pool \"default\" can't be read");
            }
          });

      Files.delete(record);
      Files.move(temporary.resolve("aside"), record);

      await()
          .atMost(20, TimeUnit.SECONDS)
          .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
          .until(() -> isReady(channel));
      channel.shutdownNow();
    }
  }

  @Test
  void aCallThatRunsWhenItIsTerminatedIsAnswered() throws Exception {
    TestPools.local("default", pool);
    try (DriverProcess driver = start("--http", "0")) {
      ManagedChannel channel = driver.connect(socket);
      awaitReady(channel);
      createBlockVolume(channel, "slow");
      Path file = pool.resolve("volumes/slow/volume.json");
      byte[] content = Files.readAllBytes(file);
      Files.delete(file);
      SlowFile record = SlowFile.make(file);
      Future<ControllerGetVolumeResponse> call =
          ControllerGrpc.newFutureStub(channel)
              .controllerGetVolume(
                  ControllerGetVolumeRequest.newBuilder().setVolumeId("slow").build());
      await().until(() -> get(driver, "/metrics").contains("rockpool_rpc_in_flight 1.0"));

      driver.terminate();
      await().until(() -> !Files.exists(socket));
      assertThat(driver.isAlive()).isTrue();
      assertThat(call).isNotDone();
      record.become(content);

      assertThat(call.get(10, TimeUnit.SECONDS).getVolume().getVolumeId()).isEqualTo("slow");
      assertThat(driver.exitCode()).isZero();
      channel.shutdownNow();
    }
  }

  @Test
  void endsWith2WhenTheDirectoryIsNoPool() throws Exception {
    Files.createDirectory(pool);
    try (DriverProcess driver = start()) {
      assertThat(driver.exitCode()).isEqualTo(2);
      assertThat(driver.output())
          .startsWith("rockpool: " + pool + " is not a pool: ")
          .hasLineCount(1);
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void endsWith2WhenTheCgroupIsNone() throws Exception {
    TestPools.local("default", pool);
    try (DriverProcess driver = start("--io-cgroup", "/sys/fs/cgroup/none-such")) {
      assertThat(driver.exitCode()).isEqualTo(2);
      assertThat(driver.output())
          .startsWith("rockpool: --io-cgroup /sys/fs/cgroup/none-such")
          .hasLineCount(1);
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void endsWith2WhenTheEndpointIsNone() throws Exception {
    try (DriverProcess driver =
        DriverProcess.start(
            temporary, "standalone", "--pool", "default=/srv", "--endpoint", "/run/csi.sock")) {
      assertThat(driver.exitCode()).isEqualTo(2);
      assertThat(driver.output())
          .contains("--endpoint", "'/run/csi.sock'", "unix:///run/rockpool/csi.sock");
    }
  }

  @Test
  void endsWith1AndDisturbsNobodyWhenTheEndpointIsServed() throws Exception {
    TestPools.local("default", pool);
    try (DriverProcess first = start()) {
      ManagedChannel channel = first.connect(socket);
      awaitReady(channel);
      try (DriverProcess second = start()) {
        assertThat(second.exitCode()).isEqualTo(1);
        assertThat(second.output())
            .contains(socket + " is served by process ")
            .doesNotContain("\tat ");
      }
      assertThat(isReady(channel)).isTrue();
      channel.shutdownNow();
    }
  }

  @Test
  void endsWith1WhenAnotherProcessHasThePool() throws Exception {
    TestPools.local("default", pool);
    try (DriverProcess first = start()) {
      awaitReady(first.connect(socket));
      try (DriverProcess second =
          DriverProcess.start(
              temporary,
              "standalone",
              "--pool",
              "default=" + pool,
              "--node-id",
              "other",
              "--endpoint",
              "unix://" + temporary.resolve("other/csi.sock"),
              "--state-dir",
              temporary.resolve("other").toString())) {
        assertThat(second.exitCode()).isEqualTo(1);
        assertThat(second.output())
            .contains("pool \"default\" is open already")
            .doesNotContain("\tat ");
      }
      assertThat(temporary.resolve("other/csi.sock")).doesNotExist();
    }
  }

  @Test
  void answersOverHttpWhereItIsAskedTo() throws Exception {
    TestPools.local("default", pool);
    try (DriverProcess driver = start("--http", "0")) {
      awaitReady(driver.connect(socket));

      assertThat(get(driver, "/readyz")).isEqualTo("ok\n");
      assertThat(get(driver, "/healthz")).isEqualTo("ok\n");
      assertThat(get(driver, "/metrics"))
          .contains("rockpool_rpc_seconds_count{code=\"OK\",method=\"Probe\"}")
          .contains("rockpool_pool_volumes{pool=\"default\"} 0.0")
          .contains("rockpool_volume_limits_unenforced 0.0");
    }
  }

  private static boolean isReady(ManagedChannel channel) {
    return IdentityGrpc.newBlockingStub(channel)
        .probe(ProbeRequest.getDefaultInstance())
        .getReady()
        .getValue();
  }

  private static void awaitReady(ManagedChannel channel) {
    await().atMost(20, TimeUnit.SECONDS).until(() -> isReady(channel));
  }

  private static void createBlockVolume(ManagedChannel channel, String name) {
    CreateVolumeRequest.Builder request = CreateVolumeRequest.newBuilder().setName(name);
    request.getCapacityRangeBuilder().setRequiredBytes(1 << 20);
    VolumeCapability.Builder capability = request.addVolumeCapabilitiesBuilder();
    capability.getBlockBuilder();
    capability.getAccessModeBuilder().setMode(Mode.SINGLE_NODE_MULTI_WRITER);
    var _ = ControllerGrpc.newBlockingStub(channel).createVolume(request.build());
  }

  private static String get(DriverProcess driver, String path) throws Exception {
    Matcher line = HTTP.matcher(driver.output());
    assertThat(line.find()).isTrue();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create(line.group(1)).resolve(path)).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }
}
