package dev.rockpool.driver.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.driver.DriverProcess;
import dev.rockpool.driver.Leftovers;
import dev.rockpool.driver.TestPools;
import dev.rockpool.driver.crash.Orchestrator;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.ProbeRequest;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The program, which serves a pool on each of some disks. */
final class Service implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Path work;
  private final Map<String, Disk> disks;
  private final Path socket;
  private DriverProcess driver;
  private ManagedChannel channel;
  private final Orchestrator calls;

  private Service(Path work, Map<String, Disk> disks) throws IOException {
    this.work = work;
    this.disks = disks;
    this.socket = work.resolve("run/csi.sock");
    this.driver = run();
    this.channel = driver.connectReady(socket);
    this.calls = new Orchestrator(work, channel);
  }

  /**
   * Makes the pools, and serves them.
   *
   * @param disks by the names of their pools
   */
  static Service start(Path directory, Map<String, Disk> disks) throws IOException {
    Path work = Files.createTempDirectory(directory, "service").toRealPath();
    disks.forEach((name, disk) -> TestPools.local(name, disk.pool()));
    return new Service(work, disks);
  }

  private DriverProcess run() throws IOException {
    List<String> arguments = new ArrayList<>(List.of("standalone"));
    disks.forEach((name, disk) ->
        arguments.addAll(List.of("--pool", name + "=" + disk.pool() + ",overcommit=100")));
    arguments.addAll(
        List.of(
            "--node-id",
            Orchestrator.NODE,
            "--endpoint",
            "unix://" + socket,
            "--http",
            "127.0.0.1:0",
            "--state-dir",
            work.resolve("state").toString(),
            "--target-root",
            work.toString()));
    return DriverProcess.start(work, arguments.toArray(String[]::new));
  }

  Orchestrator calls() {
    return calls;
  }

  DriverProcess driver() {
    return driver;
  }

  Path work() {
    return work;
  }

  /** Ends the program as a power cut would; its socket and its state stay. */
  void kill() {
    driver.close();
  }

  /** Starts it again, beside what was left. */
  void restart() throws IOException {
    driver = run();
    channel = driver.connectReady(socket);
    calls.use(channel);
  }

  /** What Probe answers. */
  Status probe() {
    try {
      boolean ready =
          IdentityGrpc.newBlockingStub(channel)
              .probe(ProbeRequest.getDefaultInstance())
              .getReady()
              .getValue();
      return ready ? Status.OK : Status.OK.withDescription("not ready");
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
  }

  /** What it answers over HTTP, after the status code. */
  String http(String path) throws Exception {
    String address =
        driver
            .output()
            .lines()
            .filter(line -> line.contains("metrics and health on "))
            .map(line -> line.replaceAll(".*(http://\\S+/).*", "$1"))
            .findFirst()
            .orElseThrow();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(address + path)).build(),
              HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() + " " + answer.body();
    }
  }

  /** What is done to volumes. */
  interface Call {
    void run() throws Exception;
  }

  /** A call that may take its time. */
  static CompletableFuture<Void> begin(Call call) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            call.run();
            done.complete(null);
          } catch (Throwable e) {
            done.completeExceptionally(e);
          }
        });
    return done;
  }

  /** Fails if the call does not end: nothing that hangs elsewhere may hold it. */
  static <T> T promptly(String what, Callable<T> call) throws Exception {
    CompletableFuture<T> answer = new CompletableFuture<>();
    CompletableFuture<Void> done = begin(() -> answer.complete(call.call()));
    try {
      done.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      return answer.get();
    } catch (TimeoutException e) {
      throw new AssertionError(what + " has not been answered", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  /** The same, of a call that answers nothing. */
  static void promptly(String what, Call call) throws Exception {
    promptly(
        what,
        () -> {
          call.run();
          return true;
        });
  }

  /** Asserts that the call is refused so, at once; gives back what the refusal says. */
  static String refused(Status.Code code, Call call) throws Exception {
    try {
      promptly("a refusal", call);
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).as(e.getStatus().toString()).isEqualTo(code);
      return String.valueOf(e.getStatus().getDescription());
    }
    throw new AssertionError("not refused, although " + code + " was expected");
  }

  /** Takes everything away, and asserts that nothing is left. */
  void clear() throws Exception {
    promptly("taking all away", calls::takeAllAway);
    for (Disk disk : disks.values()) {
      assertThat(Leftovers.contents(disk.pool())).isEmpty();
    }
    assertThat(work.resolve("state")).isEmptyDirectory();
    assertThat(mounts()).as("mounts").isEmpty();
    assertThat(devices()).as("loop devices").isEmpty();
  }

  List<Path> mounts() {
    return Leftovers.mounts(work);
  }

  /** Images in the pools that a loop device serves. */
  List<String> devices() throws IOException {
    List<String> served = new ArrayList<>();
    for (Disk disk : disks.values()) {
      served.addAll(Leftovers.loopFiles(disk.pool()));
    }
    return served;
  }

  @Override
  public void close() {
    calls.close();
    driver.close();
    // What a failed test has left would keep the disks from being unmounted.
    for (Path mount : mounts().reversed()) {
      Disk.run("umount", mount.toString());
    }
  }
}
