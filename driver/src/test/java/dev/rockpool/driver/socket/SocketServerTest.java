package dev.rockpool.driver.socket;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;
import static org.awaitility.Awaitility.await;

import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

@Timeout(60)
final class SocketServerTest {
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);

  @TempDir private Path temporary;
  private Path directory;
  private Endpoint endpoint;
  private final EchoService echo = new EchoService();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeEach
  void chooseEndpoint() {
    directory = temporary.resolve("plugin");
    endpoint = new Endpoint(directory.resolve("csi.sock"));
  }

  @AfterEach
  void closeWhatWasOpened() throws Exception {
    echo.release.countDown();
    for (AutoCloseable resource : opened.reversed()) {
      resource.close();
    }
  }

  // Files

  @Test
  void makesADirectoryAndASocketForItsOwnUserOnly() throws Exception {
    start();

    assertThat(mode(directory)).isEqualTo("rwx------");
    assertThat(mode(endpoint.path())).isEqualTo("rw-------");
  }

  @Test
  void makesMissingParentsOfTheDirectoryToo() throws Exception {
    endpoint = new Endpoint(directory.resolve("a/b/csi.sock"));
    start();

    assertThat(mode(directory)).isEqualTo("rwx------");
    assertThat(mode(directory.resolve("a/b"))).isEqualTo("rwx------");
    assertThat(EchoService.echo(connect(), "hello")).isEqualTo("hello");
  }

  @Test
  void leavesADirectoryAsItIs() throws Exception {
    Files.createDirectory(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-x--x"));
    start();

    assertThat(mode(directory)).isEqualTo("rwxr-x--x");
    assertThat(mode(endpoint.path())).isEqualTo("rw-------");
  }

  @Test
  void followsADirectoryThatIsASymbolicLink() throws Exception {
    Files.createDirectory(temporary.resolve("real"));
    Files.createSymbolicLink(directory, temporary.resolve("real"));
    start();

    assertThat(EchoService.echo(connect(), "hello")).isEqualTo("hello");
  }

  @Test
  void refusesADirectoryThatIsAFile() throws Exception {
    Files.writeString(directory, "mine");

    assertThatThrownBy(this::start)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(directory + " is not a directory");
    assertThat(directory).hasContent("mine");
  }

  @Test
  void leavesNoOtherFileBesideTheSocketAndNoneWhenItStops() throws Exception {
    SocketServer server = start();
    assertThat(files()).containsExactly("csi.sock");

    server.close();
    assertThat(files()).isEmpty();
  }

  @Test
  void removesWhatAKilledServerLeftUnderHiddenNamesAndNothingElse() throws Exception {
    Files.createDirectory(directory);
    leaveStaleSocket(directory.resolve(".csi.sock.0123ab"));
    leaveStaleSocket(directory.resolve(".other.sock.0123ab"));
    Files.writeString(directory.resolve(".csi.sock.4567cd"), "not a socket");
    listen(directory.resolve(".csi.sock.89abcd"), 1);
    start();

    assertThat(files())
        .containsExactly(".csi.sock.4567cd", ".csi.sock.89abcd", ".other.sock.0123ab", "csi.sock");
  }

  // Who has the path already

  @Test
  void replacesASocketThatNobodyListensOn() throws Exception {
    Files.createDirectory(directory);
    leaveStaleSocket(endpoint.path());
    start();

    assertThat(EchoService.echo(connect(), "hello")).isEqualTo("hello");
    assertThat(files()).containsExactly("csi.sock");
  }

  @Test
  void neverDisplacesASocketThatIsServed() throws Exception {
    start();
    ManagedChannel before = connect();
    EchoService.echo(before, "before");
    Object key = Files.readAttributes(endpoint.path(), "unix:ino").get("ino");

    assertThatThrownBy(this::start)
        .isInstanceOf(BindException.class)
        .hasMessageContaining(
            endpoint.path() + " is served by process " + ProcessHandle.current().pid());

    assertThat(Files.readAttributes(endpoint.path(), "unix:ino").get("ino")).isEqualTo(key);
    assertThat(EchoService.echo(before, "established")).isEqualTo("established");
    assertThat(EchoService.echo(connect(), "new")).isEqualTo("new");
    assertThat(files()).containsExactly("csi.sock");
  }

  @Test
  void neverDisplacesASocketWhoseListenerIsTooBusyToAnswer() throws Exception {
    Files.createDirectory(directory);
    listen(endpoint.path(), 1);
    while (connectRaw(false).isConnected()) {
      // until its queue is full
    }

    assertThatThrownBy(this::start)
        .isInstanceOf(BindException.class)
        .hasMessageContaining(endpoint.path() + " is served by another process");
    assertThat(files()).containsExactly("csi.sock");
  }

  @Test
  void refusesARegularFileAndLeavesIt() throws Exception {
    Files.createDirectory(directory);
    Files.writeString(endpoint.path(), "precious");

    assertThatThrownBy(this::start)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(endpoint.path() + " is not a stream socket");
    assertThat(endpoint.path()).hasContent("precious");
    assertThat(files()).containsExactly("csi.sock");
  }

  @Test
  void refusesADirectoryAtThePath() throws Exception {
    Files.createDirectories(endpoint.path());

    assertThatThrownBy(this::start).hasMessageContaining("is not a stream socket");
    assertThat(endpoint.path()).isEmptyDirectory();
  }

  @Test
  void refusesASocketOfAnotherKind() throws Exception {
    Files.createDirectory(directory);
    AFUNIXDatagramSocket datagrams = AFUNIXDatagramSocket.newInstance();
    opened.add(datagrams);
    datagrams.bind(AFUNIXSocketAddress.of(endpoint.path()));

    assertThatThrownBy(this::start).hasMessageContaining("is not a stream socket");
    assertThat(files()).containsExactly("csi.sock");
  }

  @Test
  void refusesASymbolicLinkEvenToAStaleSocket() throws Exception {
    Files.createDirectory(directory);
    Path target = temporary.resolve("target.sock");
    leaveStaleSocket(target);
    Files.createSymbolicLink(endpoint.path(), target);

    assertThatThrownBy(this::start).hasMessageContaining("is not a stream socket");
    assertThat(endpoint.path()).isSymbolicLink();
    assertThat(target).exists();
  }

  @RepeatedTest(20)
  void ofManyThatStartAtOnceOneWins() throws Exception {
    Files.createDirectory(directory);
    raceForThePath(6);
  }

  @RepeatedTest(20)
  void ofTwoThatStartAtOnceOverAStaleSocketOneWins() throws Exception {
    Files.createDirectory(directory);
    leaveStaleSocket(endpoint.path());
    raceForThePath(2);
  }

  private void raceForThePath(int servers) throws Exception {
    CyclicBarrier together = new CyclicBarrier(servers);
    List<SocketServer> winners = new ArrayList<>();
    List<Throwable> losers = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(servers)) {
      List<Callable<SocketServer>> starts = new ArrayList<>();
      for (int i = 0; i < servers; i++) {
        starts.add(() -> {
          together.await();
          return SocketServer.start(endpoint, List.of(echo), List.of());
        });
      }
      for (Future<SocketServer> started : threads.invokeAll(starts)) {
        try {
          winners.add(started.get());
        } catch (ExecutionException e) {
          losers.add(e.getCause());
        }
      }
    }
    opened.addAll(winners);

    assertThat(losers).allSatisfy(loser -> assertThat(loser).isInstanceOf(IOException.class));
    assertThat(winners).hasSize(1);
    assertThat(EchoService.echo(connect(), "hello")).isEqualTo("hello");
    assertThat(files()).containsExactly("csi.sock");
  }

  @Test
  void doesNotRemoveASocketThatAnotherServerMadeInItsPlace() throws Exception {
    SocketServer first = start();
    Files.delete(endpoint.path());
    start();
    first.close();

    assertThat(EchoService.echo(connect(), "second")).isEqualTo("second");
  }

  // Service

  @Test
  void servesEachCallOnAThreadThatMayHang() throws Exception {
    start();

    assertThat(EchoService.thread(connect())).isEqualTo("platform");
  }

  @Test
  void servesTwoEndpointsFromOneProcess() throws Exception {
    start();
    Endpoint second = new Endpoint(directory.resolve("rockpool-reg.sock"));
    opened.add(SocketServer.start(second, List.of(echo), List.of()));

    assertThat(EchoService.echo(connect(), "one")).isEqualTo("one");
    assertThat(EchoService.echo(connect(second), "two")).isEqualTo("two");
    assertThat(files()).containsExactly("csi.sock", "rockpool-reg.sock");
  }

  @Test
  void servesManyClientsThatComeAndGoWhileOthersStay() throws Exception {
    start();
    ManagedChannel staying = connect();
    List<Future<Boolean>> clients = new ArrayList<>();
    for (int client = 0; client < 8; client++) {
      String name = "client " + client;
      clients.add(
          inBackground(() -> {
            for (int i = 0; i < 25; i++) {
              ManagedChannel coming = SocketChannels.connect(endpoint);
              assertThat(EchoService.echo(coming, name)).isEqualTo(name);
              assertThat(EchoService.echo(staying, name)).isEqualTo(name);
              coming.shutdownNow();
            }
            return true;
          }));
    }

    for (Future<Boolean> client : clients) {
      assertThat(client.get()).isTrue();
    }
  }

  @Test
  void callsInterceptorsFromTheFirstToTheLastAndTellsThemThePeer() throws Exception {
    List<String> called = new CopyOnWriteArrayList<>();
    opened.add(
        SocketServer.start(
            endpoint, List.of(echo), List.of(noting("outer", called), noting("inner", called))));
    EchoService.echo(connect(), "hello");

    String peer =
        "uid "
            + Files.getAttribute(Path.of("/proc/self"), "unix:uid")
            + ", process "
            + ProcessHandle.current().pid();
    assertThat(called).containsExactly("outer: " + peer, "inner: " + peer);
  }

  private static ServerInterceptor noting(String name, List<String> called) {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        called.add(name + ": " + call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
        return next.startCall(call, headers);
      }
    };
  }

  @Test
  void servesTheLargestRequestAndRefusesALargerOneOnTheSameConnection() throws Exception {
    start();
    ManagedChannel channel = connect();
    byte[] largest = new byte[SocketServer.MAX_REQUEST_BYTES];
    new Random(1).nextBytes(largest);
    assertThat(EchoService.echo(channel, largest)).isEqualTo(largest);

    assertThatThrownBy(() -> EchoService.echo(channel, new byte[largest.length + 1]))
        .asInstanceOf(throwable(StatusRuntimeException.class))
        .extracting(e -> e.getStatus().getCode())
        .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);

    assertThat(EchoService.echo(channel, "after")).isEqualTo("after");
    assertThat(EchoService.echo(connect(), "others")).isEqualTo("others");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"random", "http/1.1", "half a preface", "preface and random", "empty", "endless"})
  void outlivesPeersThatDoNotSpeakItsProtocol(String kind) throws Exception {
    start();
    ManagedChannel established = connect();
    EchoService.echo(established, "before");

    Random random = new Random(2);
    byte[] noise = new byte[5000];
    for (int i = 0; i < 20; i++) {
      random.nextBytes(noise);
      try (SocketChannel peer = connectRaw(true)) {
        switch (kind) {
          case "random" -> write(peer, noise);
          case "http/1.1" ->
              write(peer, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));
          case "half a preface" -> write(peer, Arrays.copyOf(PREFACE, PREFACE.length / 2));
          case "preface and random" -> {
            write(peer, PREFACE);
            write(peer, noise);
          }
          case "endless" -> opened.add(connectRaw(true));
          default -> {}
        }
      } catch (IOException e) {
        // The server is free to hang up in the middle.
      }
    }

    assertThat(EchoService.echo(established, "established")).isEqualTo("established");
    assertThat(EchoService.echo(connect(), "new")).isEqualTo("new");
  }

  @Test
  void neverPunishesPings() throws Exception {
    start();
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    frames.writeBytes(PREFACE);
    frames.writeBytes(frame(4, new byte[0]));
    int pings = 50;
    for (int i = 0; i < pings; i++) {
      frames.writeBytes(frame(6, new byte[8]));
    }
    try (SocketChannel peer = connectRaw(true)) {
      write(peer, frames.toByteArray());

      DataInputStream in = new DataInputStream(Channels.newInputStream(peer));
      for (int acknowledged = 0; acknowledged < pings; ) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        in.skipNBytes(5 + length);
        assertThat(type).as("frame type; 7 is GOAWAY").isNotEqualTo(7);
        if (type == 6) {
          acknowledged++;
        }
      }
    }
  }

  // Stopping

  @Test
  void letsARunningCallEndButNobodyConnectWhileItStops() throws Exception {
    SocketServer server = start();
    ManagedChannel channel = connect();
    Future<byte[]> call = inBackground(() -> EchoService.hold(channel, new byte[] {42}));
    assertThat(echo.held.await(10, TimeUnit.SECONDS)).isTrue();

    Future<Boolean> stop = inBackground(() -> server.stop(GRACE));
    await().until(() -> Files.notExists(endpoint.path()));

    assertThatThrownBy(() -> EchoService.echo(connect(), "too late"))
        .asInstanceOf(throwable(StatusRuntimeException.class))
        .extracting(e -> e.getStatus().getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(call).isNotDone();
    assertThat(stop).isNotDone();

    echo.release.countDown();
    assertThat(call.get(10, TimeUnit.SECONDS)).containsExactly(42);
    assertThat(stop.get(10, TimeUnit.SECONDS)).as("every call ended by itself").isTrue();
    assertThat(files()).isEmpty();
  }

  @Test
  void cutsACallThatRunsLongerThanTheGrace() throws Exception {
    SocketServer server = start();
    ManagedChannel channel = connect();
    Future<byte[]> call = inBackground(() -> EchoService.hold(channel, new byte[0]));
    assertThat(echo.held.await(10, TimeUnit.SECONDS)).isTrue();

    assertThat(server.stop(Duration.ofMillis(100))).isFalse();

    assertThat(echo.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> call.get(10, TimeUnit.SECONDS))
        .hasCauseInstanceOf(StatusRuntimeException.class);
    assertThat(files()).isEmpty();
  }

  @Test
  void tellsWhoeverWaitsThatItHasStopped() throws Exception {
    SocketServer server = start();
    Future<Boolean> waiting =
        inBackground(() -> {
          server.awaitStopped();
          return true;
        });
    assertThat(waiting.isDone()).isFalse();

    assertThat(server.stop(GRACE)).isTrue();
    waiting.get(10, TimeUnit.SECONDS);
    assertThat(server.stop(GRACE)).as("a second time").isTrue();
  }

  @Test
  void canBeStartedAgainAfterItStopped() throws Exception {
    start().close();
    start();

    assertThat(EchoService.echo(connect(), "again")).isEqualTo("again");
  }

  @Test
  void keepsNoThreadAndNoDescriptorOnceStopped() throws Exception {
    startAndStop();
    long descriptors = descriptors();
    for (int i = 0; i < 20; i++) {
      startAndStop();
    }

    await().untilAsserted(() -> assertThat(descriptors()).isLessThanOrEqualTo(descriptors));
    await()
        .untilAsserted(() ->
            assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("rockpool-socket")));
  }

  @Test
  void keepsNoThreadAndNoDescriptorWhereItRefusedToStart() throws Exception {
    Files.createDirectory(directory);
    Files.writeString(endpoint.path(), "precious");
    assertThatThrownBy(this::start).isInstanceOf(IOException.class);
    long descriptors = descriptors();
    for (int i = 0; i < 20; i++) {
      assertThatThrownBy(this::start).isInstanceOf(IOException.class);
    }

    await().untilAsserted(() -> assertThat(descriptors()).isLessThanOrEqualTo(descriptors));
  }

  private void startAndStop() throws Exception {
    try (SocketServer server = SocketServer.start(endpoint, List.of(echo), List.of())) {
      ManagedChannel channel = SocketChannels.connect(server.endpoint());
      EchoService.echo(channel, "hello");
      channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  // Tools

  /** On a thread of its own: the common pool may have no more than one. */
  private static <T> Future<T> inBackground(Callable<T> task) {
    FutureTask<T> future = new FutureTask<>(task);
    Thread.ofVirtual().start(future);
    return future;
  }

  private SocketServer start() throws IOException {
    SocketServer server = SocketServer.start(endpoint, List.of(echo), List.of());
    opened.add(server);
    return server;
  }

  private ManagedChannel connect() {
    return connect(endpoint);
  }

  private ManagedChannel connect(Endpoint to) {
    ManagedChannel channel = SocketChannels.connect(to);
    opened.add(() -> channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS));
    return channel;
  }

  /** Closed with the test; not connected if it does not block and the listener's queue is full. */
  private SocketChannel connectRaw(boolean blocking) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    opened.add(channel);
    channel.configureBlocking(blocking);
    try {
      channel.connect(UnixDomainSocketAddress.of(endpoint.path()));
    } catch (IOException e) {
      if (blocking) {
        throw e;
      }
    }
    return channel;
  }

  private void listen(Path path, int backlog) throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    opened.add(listener);
    listener.bind(UnixDomainSocketAddress.of(path), backlog);
  }

  private static void leaveStaleSocket(Path path) throws IOException {
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(path));
    }
    assertThat(path).exists();
  }

  private static void write(SocketChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /** An HTTP/2 frame of stream 0 without flags. */
  private static byte[] frame(int type, byte[] payload) {
    return ByteBuffer.allocate(9 + payload.length)
        .put((byte) 0)
        .putShort((short) payload.length)
        .put((byte) type)
        .put((byte) 0)
        .putInt(0)
        .put(payload)
        .array();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }
}
