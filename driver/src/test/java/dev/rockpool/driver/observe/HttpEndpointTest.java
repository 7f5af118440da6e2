package dev.rockpool.driver.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.rockpool.driver.TestDriver;
import dev.rockpool.identity.Health;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Over real HTTP, about real calls and a real pool. */
final class HttpEndpointTest {
  @TempDir private Path temporary;
  private volatile Health health = new Health.Ready();
  private TestDriver driver;
  private HttpEndpoint http;
  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeEach
  void start() throws IOException {
    Metrics metrics =
        new Metrics("1.2.3", () -> Optional.ofNullable(driver).map(TestDriver::pools));
    driver = new TestDriver(temporary, () -> health, metrics, metrics);
    http = HttpEndpoint.start(HttpAddress.parse("0"), metrics, () -> health);
  }

  @AfterEach
  void stop() {
    client.close();
    http.close();
    driver.close();
  }

  @Test
  void metricsCountCallsByMethodAndCode() {
    createVolume("data", 64 << 20);
    assertThatThrownBy(
            () -> driver.controller().deleteVolume(DeleteVolumeRequest.getDefaultInstance()))
        .isInstanceOf(StatusRuntimeException.class);

    await()
        .untilAsserted(() ->
            assertThat(get("/metrics").body())
                .contains("rockpool_rpc_seconds_count{code=\"OK\",method=\"CreateVolume\"} 1")
                .contains(
                    "rockpool_rpc_seconds_count{code=\"INVALID_ARGUMENT\",method=\"DeleteVolume\"} 1")
                .contains(
                    "rockpool_rpc_seconds_bucket{code=\"OK\",method=\"CreateVolume\",le=\"+Inf\"} 1")
                .contains("rockpool_rpc_in_flight 0.0"));
  }

  @Test
  void metricsCountHostCommandsByProgramAndOutcome() {
    createVolume("data", 64 << 20);

    assertThat(get("/metrics").body())
        .contains("rockpool_host_command_seconds_count{outcome=\"ok\",program=\"mkfs.ext4\"} 1");
  }

  @Test
  void metricsShowPoolsAsTheyAre() {
    createVolume("data", 64 << 20);

    assertThat(get("/metrics").body())
        .contains("rockpool_pool_volumes{pool=\"default\"} 1.0")
        .contains("rockpool_pool_snapshots{pool=\"default\"} 0.0")
        .contains("rockpool_pool_promised_bytes{pool=\"default\"} 6.7108864E7")
        .containsPattern("rockpool_pool_promisable_bytes\\{pool=\"default\"\\} [0-9]")
        .containsPattern("rockpool_pool_available_bytes\\{pool=\"default\"\\} [0-9]")
        .contains("rockpool_build_info{version=\"1.2.3\"} 1");
  }

  @Test
  void metricsGoOnWithoutAPoolThatCannotBeRead() throws IOException {
    Files.move(temporary.resolve("pool"), temporary.resolve("gone"));

    HttpResponse<String> metrics = get("/metrics");

    assertThat(metrics.statusCode()).isEqualTo(200);
    assertThat(metrics.body())
        .contains("rockpool_build_info")
        .contains("rockpool_pool_troubled{pool=\"default\"} 1.0")
        .doesNotContain("_bytes{pool=\"default\"}");
  }

  @Test
  void metricsAreTextForPrometheus() {
    assertThat(get("/metrics").headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/plain; version=0.0.4");
  }

  @Test
  void healthzFailsOnlyWhenSomethingIsWrong() {
    assertAnswer("/healthz", 200, "ok");

    health = new Health.Starting("pools are being opened");
    assertAnswer("/healthz", 200, "starting: pools are being opened");

    health = new Health.Unhealthy("pool \"default\" can't be read");
    assertAnswer("/healthz", 503, "pool \"default\" can't be read");
  }

  @Test
  void readyzFailsWithTheReasonUntilAllIsReady() {
    assertAnswer("/readyz", 200, "ok");

    health = new Health.Starting("pools are being opened");
    assertAnswer("/readyz", 503, "starting: pools are being opened");

    health = new Health.Unhealthy("pool \"default\" can't be read");
    assertAnswer("/readyz", 503, "pool \"default\" can't be read");
  }

  @Test
  void thereIsNothingElse() {
    assertThat(get("/metrics/more").statusCode()).isEqualTo(404);
    assertThat(get("/").statusCode()).isEqualTo(404);
    assertThat(send("POST", "/healthz").statusCode()).isEqualTo(405);
    assertThat(send("HEAD", "/healthz").statusCode()).isEqualTo(200);
  }

  @Test
  void anAddressThatIsTakenIsNamed() {
    InetSocketAddress taken = http.address();

    assertThatThrownBy(
            () -> HttpEndpoint.start(taken, new Metrics("1.2.3", Optional::empty), () -> health))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("127.0.0.1:" + taken.getPort());
  }

  private void createVolume(String name, long bytes) {
    CreateVolumeRequest.Builder request = CreateVolumeRequest.newBuilder().setName(name);
    request.getCapacityRangeBuilder().setRequiredBytes(bytes);
    VolumeCapability.Builder capability = request.addVolumeCapabilitiesBuilder();
    capability.getMountBuilder().setFsType("ext4");
    capability.getAccessModeBuilder().setMode(Mode.SINGLE_NODE_MULTI_WRITER);
    var _ = driver.controller().createVolume(request.build());
  }

  private void assertAnswer(String path, int status, String text) {
    HttpResponse<String> answer = get(path);
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).isEqualTo(text + "\n");
  }

  private HttpResponse<String> get(String path) {
    return send("GET", path);
  }

  private HttpResponse<String> send(String method, String path) {
    URI uri = URI.create("http://127.0.0.1:" + http.address().getPort() + path);
    try {
      return client.send(
          HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody()).build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
