package dev.rockpool.driver.observe;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where metrics and health are served: {@code ADDRESS:PORT}, {@code :PORT} or {@code PORT}. */
public final class HttpAddress {
  private static final Pattern FORM =
      Pattern.compile("(?:(?:\\[([0-9A-Fa-f:.]+)\\]|([0-9.]+))?:)?(\\d{1,5})");

  private HttpAddress() {}

  /**
   * @param text without an address: 127.0.0.1, since nothing there asks for a password
   * @throws IllegalArgumentException if it is not such a text
   */
  public static InetSocketAddress parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw unacceptable(text);
    }
    String host = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
    int port = Integer.parseInt(matcher.group(3));
    if (port > 65535) {
      throw unacceptable(text);
    }
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(host == null ? "127.0.0.1" : host), port);
    } catch (IllegalArgumentException e) {
      throw unacceptable(text);
    }
  }

  private static IllegalArgumentException unacceptable(String text) {
    return new IllegalArgumentException(
        "'%s' is not an address: expected ADDRESS:PORT, :PORT or PORT, such as 127.0.0.1:9810 or [::]:9810"
            .formatted(text));
  }
}
