package dev.rockpool.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.driver.socket.SocketChannels;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.ProbeRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The built program, as a process of its own. */
public final class DriverProcess implements AutoCloseable {
  /** The built program's directory. */
  public static final Path DISTRIBUTION = Path.of("target/rockpool").toAbsolutePath();

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(5);

  private final Process process;
  private final Path output;

  private DriverProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** Starts it; what it prints goes to a file in the directory. */
  public static DriverProcess start(Path directory, String... arguments) throws IOException {
    return start(directory, List.of(), "", arguments);
  }

  /**
   * Starts it by a command that becomes it in the end; what it prints goes to a file in the
   * directory.
   *
   * @param by begins the command line
   * @param javaOptions divided by spaces
   */
  public static DriverProcess start(
      Path directory, List<String> by, String javaOptions, String... arguments) throws IOException {
    return start(directory, by, DISTRIBUTION, javaOptions, arguments);
  }

  /**
   * Starts a copy of it with more options of Java; what it prints goes to a file in the directory.
   *
   * @param distribution the copy's directory
   * @param javaOptions divided by spaces
   */
  public static DriverProcess start(
      Path directory, Path distribution, String javaOptions, String[] arguments)
      throws IOException {
    return start(directory, List.of(), distribution, javaOptions, arguments);
  }

  private static DriverProcess start(
      Path directory, List<String> by, Path distribution, String javaOptions, String[] arguments)
      throws IOException {
    Path program = distribution.resolve("bin/rockpool");
    assertThat(program).as("the distribution, which 'mvn package' makes").isExecutable();
    Path output = Files.createTempFile(directory, "driver", ".log");
    List<String> command = new ArrayList<>(by);
    command.add(program.toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().remove("CSI_ENDPOINT");
    builder.environment().remove("ROCKPOOL_POOLS");
    builder.environment().put("ROCKPOOL_JAVA_OPTIONS", javaOptions);
    return new DriverProcess(builder.start(), output);
  }

  /** Waits until the socket is there. */
  public ManagedChannel connect(Path socket) {
    await()
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(() -> {
          assertThat(process.isAlive()).as(this::output).isTrue();
          return Files.exists(socket);
        });
    return SocketChannels.connect(new Endpoint(socket));
  }

  public long pid() {
    return process.pid();
  }

  /** Waits until it serves, its pools open. */
  public ManagedChannel connectReady(Path socket) {
    ManagedChannel channel = connect(socket);
    await()
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() ->
            IdentityGrpc.newBlockingStub(channel)
                .probe(ProbeRequest.getDefaultInstance())
                .getReady()
                .getValue());
    return channel;
  }

  /** Sends SIGTERM. */
  public void terminate() {
    process.destroy();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for its end. */
  public int exitCode() throws InterruptedException {
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(this::output).isTrue();
    return process.exitValue();
  }

  /** All that it has printed. */
  public String output() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    // What it holds open keeps filesystems from being unmounted.
    await().atMost(PATIENCE).until(() -> !process.isAlive());
  }
}
