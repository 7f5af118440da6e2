package dev.rockpool.driver.socket;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.BindException;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import org.newsclub.net.unix.AFUNIXSelectorProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A gRPC server on a unix socket. Processes of its own user and of root may connect, nobody else.
 * Each call has a virtual thread of its own, so handlers may block.
 *
 * <p>The socket is seen only once it is served, with mode 0600. A socket that somebody listens on
 * is never displaced; one that nobody listens on is replaced.
 */
public final class SocketServer implements AutoCloseable {
  /**
   * The largest request, in bytes; a larger one is answered RESOURCE_EXHAUSTED. It is gRPC's usual
   * limit, to which CSI's clients keep: the largest requests of all, those with volume contexts and
   * secrets, have some kilobytes.
   */
  public static final int MAX_REQUEST_BYTES = 4 * 1024 * 1024;

  /** How long {@link #close} lets calls run: well within the 30 s that Kubernetes gives a pod. */
  public static final Duration DEFAULT_GRACE = Duration.ofSeconds(20);

  private static final Logger LOG = LoggerFactory.getLogger(SocketServer.class);

  /** For what has been cancelled to notice and end. */
  private static final Duration CANCEL_GRACE = Duration.ofSeconds(2);

  private final SocketFile file;
  private final Server server;
  private final ExecutorService calls;
  private final EventLoopGroup loop;
  private final CountDownLatch stopped = new CountDownLatch(1);

  @GuardedBy("this")
  private boolean calm;

  private SocketServer(SocketFile file, Server server, ExecutorService calls, EventLoopGroup loop) {
    this.file = file;
    this.server = server;
    this.calls = calls;
    this.loop = loop;
  }

  /**
   * Starts to serve. Its threads are daemons: they don't keep a program alive.
   *
   * @param endpoint where. Its directory is created with mode 0700 if it is not there; one that is
   *     there is not changed.
   * @param services at least one
   * @param interceptors the first is the outermost
   * @throws BindException if another process serves the endpoint, which then is not disturbed; the
   *     message has its process id if that can be seen
   * @throws IOException if there is a file at the endpoint that is not a socket, which then is left
   *     as it is, or if the directory can't be used
   */
  public static SocketServer start(
      Endpoint endpoint,
      List<? extends BindableService> services,
      List<? extends ServerInterceptor> interceptors)
      throws IOException {
    prepareForDescriptorShortage();
    SocketFile file = SocketFile.bind(endpoint);
    // Not virtual threads: what a disk that hangs holds in the kernel would hold one of their few
    // carriers, and soon all of them, and with them every other call.
    ExecutorService calls =
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("rockpool-call-", 0).factory());
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1,
            new DefaultThreadFactory("rockpool-socket", true),
            NioIoHandler.newFactory(AFUNIXSelectorProvider.provider()));
    try {
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(endpoint.path()))
              .channelFactory(() -> new ListeningChannel(file, new PeerGate(file.ownerUid())))
              .bossEventLoopGroup(loop)
              .workerEventLoopGroup(loop)
              .executor(calls)
              .maxInboundMessageSize(MAX_REQUEST_BYTES)
              // No connection is ever ended for its age, for idling or for its pings: a sidecar
              // takes a lost connection for the driver's death and ends itself.
              .permitKeepAliveTime(0, TimeUnit.NANOSECONDS)
              .permitKeepAliveWithoutCalls(true)
              // Nor for not answering ours, as a frozen peer can't. Of a dead one the kernel tells.
              .keepAliveTime(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
      services.forEach(builder::addService);
      // gRPC calls the one added last first.
      interceptors.reversed().forEach(builder::intercept);
      Server server = builder.build().start();
      LOG.info("serving on {} for uid {} and root", endpoint, file.ownerUid());
      return new SocketServer(file, server, calls, loop);
    } catch (IOException | RuntimeException e) {
      release(loop);
      try (file) {
        LOG.debug("not serving on {}", endpoint, e);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      // gRPC wraps what ListeningChannel's bind has to say.
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /**
   * The first record that java.util.logging formats, for example a warning of gRPC, loads classes
   * and time zones. With no descriptor left that fails for good, and ends the event loop: so one is
   * formatted now.
   */
  private static void prepareForDescriptorShortage() {
    var _ = new SimpleFormatter().format(new LogRecord(Level.INFO, ""));
  }

  /** Where it serves. */
  public Endpoint endpoint() {
    return file.endpoint();
  }

  /** Waits until the server has been stopped. */
  public void awaitStopped() throws InterruptedException {
    stopped.await();
  }

  /**
   * Stops: removes the socket, so that nobody connects any more, lets the calls that run end, and
   * closes the connections. Then it cancels the calls that still run, and interrupts their threads.
   * A second call waits for the first.
   *
   * @param grace how long calls may go on
   * @return whether every call ended by itself, and every connection could be closed in order
   */
  public synchronized boolean stop(Duration grace) {
    if (stopped.getCount() == 0) {
      return calm;
    }
    long deadline = System.nanoTime() + grace.toNanos();
    LOG.info("stopping to serve on {}", endpoint());
    try {
      file.withdraw();
    } catch (IOException e) {
      LOG.warn("could not remove the socket {}", endpoint().path(), e);
    }
    server.shutdown();
    try {
      calm =
          server.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)
              && endCalls(Duration.ofNanos(deadline - System.nanoTime()));
      if (!calm) {
        LOG.warn("cutting the calls and connections that are left after {} ms", grace.toMillis());
        server.shutdownNow();
        server.awaitTermination(CANCEL_GRACE.toNanos(), TimeUnit.NANOSECONDS);
        calls.shutdownNow();
        if (!endCalls(CANCEL_GRACE)) {
          LOG.warn("a call goes on although it was cancelled and its thread interrupted");
        }
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      calls.shutdownNow();
      Thread.currentThread().interrupt();
    } finally {
      release(loop);
      stopped.countDown();
    }
    return calm;
  }

  /** Threads can outlive their calls, where the client has given up but the handler has not. */
  private boolean endCalls(Duration time) throws InterruptedException {
    calls.shutdown();
    return calls.awaitTermination(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  private static void release(EventLoopGroup loop) {
    loop.shutdownGracefully(0, CANCEL_GRACE.toNanos(), TimeUnit.NANOSECONDS)
        .awaitUninterruptibly(CANCEL_GRACE.plusSeconds(1).toMillis());
  }

  /** {@linkplain #stop Stops} with the {@linkplain #DEFAULT_GRACE default grace}. */
  @Override
  public void close() {
    stop(DEFAULT_GRACE);
  }
}
