package dev.rockpool.driver.observe;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.rockpool.identity.Health;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /metrics}, {@code /healthz} and {@code /readyz} over HTTP, for everybody who can connect.
 */
public final class HttpEndpoint implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HttpEndpoint.class);
  private static final int OK = 200;
  private static final int UNAVAILABLE = 503;

  private final HttpServer server;

  private record Page(int status, String type, String body) {
    static Page text(int status, String text) {
      return new Page(status, "text/plain; charset=utf-8", text + "\n");
    }
  }

  private HttpEndpoint(HttpServer server) {
    this.server = server;
  }

  /**
   * Starts to serve.
   *
   * @param address port 0 = one that is free
   * @throws IOException if the address can't be had; the message names it
   */
  public static HttpEndpoint start(
      InetSocketAddress address, Metrics metrics, Supplier<Health> health) throws IOException {
    HttpServer server;
    try {
      server = HttpServer.create(address, 0);
    } catch (IOException e) {
      throw new IOException("can't serve HTTP on " + text(address) + ": " + e.getMessage(), e);
    }
    // Not virtual threads, which share few carriers: pools are looked at, whose disks may hang.
    server.setExecutor(
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("rockpool-http-", 0).factory()));
    server.createContext("/", exchange -> answer(exchange, metrics, health));
    server.start();
    log.info("metrics and health on http://{}/", text(server.getAddress()));
    return new HttpEndpoint(server);
  }

  private static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }

  private static void answer(HttpExchange exchange, Metrics metrics, Supplier<Health> health)
      throws IOException {
    try (exchange) {
      Page page = page(exchange, metrics, health);
      byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
      boolean bodiless = exchange.getRequestMethod().equals("HEAD");
      exchange.getResponseHeaders().set("Content-Type", page.type());
      exchange.sendResponseHeaders(page.status(), bodiless ? -1 : body.length);
      if (!bodiless) {
        exchange.getResponseBody().write(body);
      }
    } catch (RuntimeException e) {
      log.error("a defect of the driver, please report it", e);
    }
  }

  private static Page page(HttpExchange exchange, Metrics metrics, Supplier<Health> health) {
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      return Page.text(405, "only GET");
    }
    return switch (exchange.getRequestURI().getPath()) {
      case "/metrics" -> new Page(OK, metrics.contentType(), metrics.text());
      case "/healthz" -> healthz(health.get());
      case "/readyz" -> readyz(health.get());
      default -> Page.text(404, "there are /metrics, /healthz and /readyz");
    };
  }

  private static Page healthz(Health health) {
    return switch (health) {
      case Health.Ready _ -> Page.text(OK, "ok");
      case Health.Starting(String reason) -> Page.text(OK, "starting: " + reason);
      case Health.Unhealthy(String reason) -> Page.text(UNAVAILABLE, reason);
    };
  }

  private static Page readyz(Health health) {
    return switch (health) {
      case Health.Ready _ -> Page.text(OK, "ok");
      case Health.Starting(String reason) -> Page.text(UNAVAILABLE, "starting: " + reason);
      case Health.Unhealthy(String reason) -> Page.text(UNAVAILABLE, reason);
    };
  }

  /** Where it serves. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
