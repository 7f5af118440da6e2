package dev.rockpool.driver.socket;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The other end of a unix socket, by its process; gRPC hands it to interceptors as {@code
 * Grpc.TRANSPORT_ATTR_REMOTE_ADDR}. Netty's NIO channels want it to be an internet address, so it
 * is one, of no meaning.
 */
final class PeerAddress extends InetSocketAddress {
  private static final long serialVersionUID = 1L;

  private final long uid;
  private final long pid;

  PeerAddress(long uid, long pid) {
    super(InetAddress.getLoopbackAddress(), 0);
    this.uid = uid;
    this.pid = pid;
  }

  @Override
  public String toString() {
    return pid > 0 ? "uid " + uid + ", process " + pid : "uid " + uid;
  }
}
