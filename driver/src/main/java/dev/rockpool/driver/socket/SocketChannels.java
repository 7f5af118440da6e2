package dev.rockpool.driver.socket;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.UnixDomainSocketAddress;

/** gRPC clients of servers on unix sockets. */
public final class SocketChannels {

  /** One daemon thread for all clients of the program, made with the first one. */
  private static final class Loop {
    static final EventLoopGroup GROUP =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("rockpool-client", true), NioIoHandler.newFactory());
  }

  private SocketChannels() {}

  /**
   * A channel to whoever serves the endpoint. It connects with the first call; a call fails with
   * UNAVAILABLE if nobody serves. The caller shuts it down.
   */
  public static ManagedChannel connect(Endpoint endpoint) {
    return NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(endpoint.path()))
        // Java's own unix sockets, unlike the server: Netty registers a socket before it connects
        // it, and junixsocket's selector takes one that is not connected for one that hung up.
        .channelFactory(NioDomainSocketChannel::new)
        .eventLoopGroup(Loop.GROUP)
        // gRPC sets it; on a unix socket it has no meaning, and Netty would warn.
        .withOption(ChannelOption.SO_KEEPALIVE, null)
        .overrideAuthority("localhost")
        .usePlaintext()
        .build();
  }
}
