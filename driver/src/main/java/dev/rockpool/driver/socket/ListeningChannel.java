package dev.rockpool.driver.socket;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.newsclub.net.unix.AFUNIXServerSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketCredentials;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link SocketFile} as Netty's server channel. To bind it is to give the socket its own name; it
 * accepts only peers that the gate admits, and outlives a lack of descriptors.
 */
final class ListeningChannel extends NioServerSocketChannel {
  private static final Logger LOG = LoggerFactory.getLogger(ListeningChannel.class);

  /** Long enough for no load, short enough for no one to notice after the shortage. */
  private static final long PAUSE_MILLIS = 500;

  private final SocketFile file;
  private final PeerGate gate;
  private final LogThrottle throttle = new LogThrottle(Duration.ofMinutes(1), System::nanoTime);

  /** Made beforehand: when it is needed there may be no descriptor to load a class with. */
  private final Runnable resume = this::acceptAgain;

  private volatile boolean published;

  ListeningChannel(SocketFile file, PeerGate gate) {
    super(file.channel());
    this.file = file;
    this.gate = gate;
  }

  /** The socket listens before it has its name, but is not to be read from until then. */
  @Override
  public boolean isActive() {
    return published && super.isActive();
  }

  @Override
  protected void doBind(SocketAddress address) throws Exception {
    file.publish();
    published = true;
  }

  @Override
  protected SocketAddress localAddress0() {
    try {
      return AFUNIXSocketAddress.of(file.endpoint().path());
    } catch (IOException e) {
      throw new IllegalStateException("an endpoint's path fits a socket address", e);
    }
  }

  @Override
  protected int doReadMessages(List<Object> accepted) throws Exception {
    AFUNIXSocketChannel connection;
    try {
      connection = ((AFUNIXServerSocketChannel) javaChannel()).accept();
    } catch (IOException e) {
      if (!isOpen()) {
        throw e;
      }
      pause(e);
      return 0;
    }
    if (connection == null) {
      return 0;
    }
    Channel channel = admit(connection);
    if (channel == null) {
      connection.close();
      return 0;
    }
    accepted.add(channel);
    return 1;
  }

  /**
   * The connection goes on waiting in the socket's queue, so Netty would try again at once, and log
   * each time.
   */
  private void pause(IOException failure) {
    long failures = throttle.count();
    if (failures > 0) {
      LOG.warn(
          "can't accept connections for now ({} failures since the last such line): {}",
          failures,
          failure.getMessage());
    }
    config().setAutoRead(false);
    var _ = eventLoop().schedule(resume, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void acceptAgain() {
    config().setAutoRead(true);
  }

  private @Nullable Channel admit(AFUNIXSocketChannel connection) {
    try {
      AFUNIXSocketCredentials peer = connection.getPeerCredentials();
      if (peer != null && gate.admits(peer.getUid(), peer.getPid())) {
        return new PeerChannel(this, connection, new PeerAddress(peer.getUid(), peer.getPid()));
      }
    } catch (IOException | RuntimeException e) {
      LOG.debug("a connection was gone before it was served", e);
    }
    return null;
  }

  @Override
  protected void doClose() throws Exception {
    try (file) {
      super.doClose();
    }
  }

  private static final class PeerChannel extends NioSocketChannel {
    private static final int TOGETHER_BYTES = 8 << 10;

    private final PeerAddress peer;
    private final ByteBuffer together = ByteBuffer.allocateDirect(TOGETHER_BYTES);

    PeerChannel(Channel parent, SocketChannel connection, PeerAddress peer) {
      super(parent, connection);
      this.peer = peer;
    }

    /**
     * An answer is several small buffers, and junixsocket would write, and wake the peer for, each
     * of them: they are written as one.
     */
    @Override
    protected void doWrite(ChannelOutboundBuffer out) throws Exception {
      if (out.size() > 1) {
        writeTogether(out);
      }
      // What has not been written, or is too much.
      super.doWrite(out);
    }

    private void writeTogether(ChannelOutboundBuffer out) throws IOException {
      ByteBuffer[] parts = out.nioBuffers(out.size(), TOGETHER_BYTES);
      int count = out.nioBufferCount();
      if (count < 2 || out.nioBufferSize() > TOGETHER_BYTES) {
        return;
      }
      together.clear();
      for (int i = 0; i < count; i++) {
        together.put(parts[i].duplicate());
      }
      int written = javaChannel().write(together.flip());
      if (written > 0) {
        out.removeBytes(written);
      }
    }

    @Override
    public InetSocketAddress remoteAddress() {
      return peer;
    }
  }
}
