package dev.rockpool.driver.socket;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rockpool.driver.DriverProcess;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The socket server between processes: other users, lack of descriptors, signals. */
@Timeout(120)
final class SocketServerIT {
  private static final String JAVA = System.getProperty("java.home") + "/bin/java";
  // That of the program, and not of the tests: Java keeps every jar open, and descriptors are few.
  private static final String CLASS_PATH =
      DriverProcess.DISTRIBUTION.resolve("lib/rockpool-driver.jar")
          + File.pathSeparator
          + Path.of("target/test-classes").toAbsolutePath();

  @TempDir private Path temporary;
  private Path directory;
  private Path log;
  private Endpoint endpoint;
  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeEach
  void chooseEndpoint() {
    directory = temporary.resolve("plugin");
    endpoint = new Endpoint(directory.resolve("csi.sock"));
    log = temporary.resolve("log");
  }

  @AfterEach
  void closeWhatWasOpened() throws Exception {
    for (AutoCloseable resource : opened.reversed()) {
      resource.close();
    }
  }

  @Test
  void hangsUpOnOtherUsersEvenWhereFileModesLetThemIn() throws Exception {
    assumeTrue(uid() == 0, "only root can run a program as another user");
    opened.add(SocketServer.start(endpoint, List.of(new EchoService()), List.of()));
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(endpoint.path(), PosixFilePermissions.fromString("rw-rw-rw-"));
    ManagedChannel own = connect();
    EchoService.echo(own, "before");

    assertThat(rawClientAs(0)).containsExactly("connected", "answered");
    assertThat(rawClientAs(65534)).containsExactly("connected", "hung up on");
    assertThat(EchoService.echo(own, "after")).isEqualTo("after");
  }

  @Test
  void keepsOtherUsersAwayByFileModes() throws Exception {
    assumeTrue(uid() == 0, "only root can run a program as another user");
    opened.add(SocketServer.start(endpoint, List.of(new EchoService()), List.of()));
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(rawClientAs(65534)).as("directory 0700").isEmpty();

    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(rawClientAs(65534)).as("socket 0600").isEmpty();
  }

  @Test
  void servesOnWhenItRunsOutOfDescriptorsAndAcceptsAgainAfterwards() throws Exception {
    int limit = 120;
    Process server = startServer("prlimit", "--nofile=" + limit);
    ManagedChannel established = connect();
    EchoService.echo(established, "before");

    int connections = 160;
    List<SocketChannel> hoard = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      opened.add(channel);
      hoard.add(channel);
      channel.connect(UnixDomainSocketAddress.of(endpoint.path()));
    }
    await().until(() -> descriptors(server) == limit);
    await().until(() -> logged().contains("can't accept connections for now"));

    Duration before = processorTime(server);
    await()
        .during(Duration.ofSeconds(3))
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(() -> {
          assertThat(EchoService.echo(established, "during")).isEqualTo("during");
          assertThat(descriptors(server)).isEqualTo(limit);
        });
    assertThat(processorTime(server).minus(before))
        .as("processor time of 3 s without descriptors")
        .isLessThan(Duration.ofSeconds(2));

    for (SocketChannel channel : hoard) {
      channel.close();
    }
    awaitAnswer();
    assertThat(EchoService.echo(established, "still")).isEqualTo("still");
    assertThat(Files.readAllLines(log))
        .as("log of the server")
        .filteredOn(line -> line.contains("can't accept"))
        .hasSize(1);
    assertThat(log).content().doesNotContain("NoClassDefFoundError");
  }

  @Test
  void endsARunningCallOnSigtermAndRemovesTheSocket() throws Exception {
    Process server = startServer();
    ManagedChannel channel = connect();
    EchoService.echo(channel, "before");
    FutureTask<String> call = new FutureTask<>(() -> EchoService.pause(channel));
    Thread.ofVirtual().start(call);
    await().until(() -> Files.readString(log).contains("pausing"));

    server.destroy();

    assertThat(call.get(10, TimeUnit.SECONDS)).isEqualTo("paused");
    assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void replacesTheSocketOfAServerThatWasKilled() throws Exception {
    Process killed = startServer();
    killed.destroyForcibly().waitFor();
    assertThat(endpoint.path()).exists();

    startServer();

    assertThat(EchoService.echo(connect(), "hello")).isEqualTo("hello");
    assertThat(log).content().contains("removed the socket " + endpoint.path());
    assertThat(directory).isDirectoryContaining(endpoint.path()::equals);
    assertThat(directory).isDirectoryNotContaining(file -> !file.equals(endpoint.path()));
  }

  @Test
  void neverDisplacesAServerOfAnotherProcessAndNamesIt() throws Exception {
    Process server = startServer();

    assertThatThrownBy(() -> SocketServer.start(endpoint, List.of(new EchoService()), List.of()))
        .isInstanceOf(BindException.class)
        .hasMessageContaining(endpoint.path() + " is served by process " + server.pid());
    assertThat(EchoService.echo(connect(), "hello")).isEqualTo("hello");
  }

  @Test
  void ofManyProcessesThatStartAtOnceOneServes() throws Exception {
    List<Process> servers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      servers.add(launchServer());
    }

    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> servers.stream().filter(Process::isAlive).count() == 1);
    awaitAnswer();
    assertThat(servers).filteredOn(Process::isAlive).hasSize(1);
    assertThat(directory).isDirectoryNotContaining(file -> !file.equals(endpoint.path()));
  }

  private ManagedChannel connect() {
    ManagedChannel channel = SocketChannels.connect(endpoint);
    opened.add(() -> channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS));
    return channel;
  }

  /** Returns once it serves. */
  private Process startServer(String... wrapper) throws IOException {
    Process server = launchServer(wrapper);
    awaitAnswer();
    assertThat(server.isAlive()).as(this::logged).isTrue();
    return server;
  }

  /** Waits until a new client is served. */
  private void awaitAnswer() {
    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> {
          // A client that is left open would go on trying, and take descriptors of the server.
          ManagedChannel client = SocketChannels.connect(endpoint);
          try {
            return EchoService.echo(client, "hello").equals("hello");
          } finally {
            client.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
          }
        });
  }

  private Process launchServer(String... wrapper) throws IOException {
    List<String> command = new ArrayList<>(List.of(wrapper));
    command.addAll(
        List.of(
            JAVA,
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            CLASS_PATH,
            EchoServer.class.getName(),
            endpoint.toString()));
    Process server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.appendTo(log.toFile()))
            .start();
    opened.add(() -> server.destroyForcibly().waitFor());
    return server;
  }

  private String logged() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** What the raw client prints, run as the given user. */
  private List<String> rawClientAs(int uid) throws Exception {
    Path classes = temporary.resolve("classes");
    Path file = classes.resolve(RawClient.class.getName().replace('.', '/') + ".class");
    if (Files.notExists(file)) {
      Files.createDirectories(file.getParent());
      try (InputStream in =
          requireNonNull(RawClient.class.getResourceAsStream("RawClient.class"))) {
        Files.copy(in, file);
      }
    }
    Process client =
        new ProcessBuilder(
                "setpriv",
                "--reuid=" + uid,
                "--regid=" + uid,
                "--clear-groups",
                JAVA,
                "-cp",
                classes.toString(),
                RawClient.class.getName(),
                endpoint.path().toString())
            .redirectError(Redirect.appendTo(log.toFile()))
            .start();
    opened.add(() -> client.destroyForcibly().waitFor());
    List<String> printed = client.inputReader().readAllLines();
    client.waitFor();
    return printed;
  }

  private static long descriptors(Process process) throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      return open.count();
    }
  }

  private static Duration processorTime(Process process) {
    return process.info().totalCpuDuration().orElseThrow();
  }

  private static int uid() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }
}
