package dev.rockpool.driver.socket;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * A program that greets the HTTP/2 server at the path that it is given and says on standard output
 * whether it was answered. Its class file stands alone, so that it can be run by a user who may not
 * read the class path.
 */
final class RawClient {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final String SETTINGS = "\0\0\0\4\0\0\0\0\0";

  private RawClient() {}

  public static void main(String[] args) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(args[0]))) {
      System.out.println("connected");
      System.out.println(answers(channel) ? "answered" : "hung up on");
    }
  }

  private static boolean answers(SocketChannel channel) {
    try {
      channel.write(ByteBuffer.wrap((PREFACE + SETTINGS).getBytes(StandardCharsets.US_ASCII)));
      return channel.read(ByteBuffer.allocate(1)) == 1;
    } catch (IOException e) {
      return false;
    }
  }
}
