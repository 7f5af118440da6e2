package dev.rockpool.driver.socket;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.time.Duration;
import java.util.List;
import org.slf4j.LoggerFactory;

/** A program that serves {@link EchoService} at the endpoint that it is given, until SIGTERM. */
final class EchoServer {
  private EchoServer() {}

  public static void main(String[] args) throws Exception {
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.INFO);
    SocketServer server =
        SocketServer.start(Endpoint.parse(args[0]), List.of(new EchoService()), List.of());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(Duration.ofSeconds(10))));
    server.awaitStopped();
  }
}
