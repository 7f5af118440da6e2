package dev.rockpool.driver.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HttpAddressTest {

  @ParameterizedTest
  @CsvSource({
    "9810, 127.0.0.1, 9810",
    ":9810, 127.0.0.1, 9810",
    "0.0.0.0:80, 0.0.0.0, 80",
    "192.0.2.7:65535, 192.0.2.7, 65535",
    "[::1]:9810, 0:0:0:0:0:0:0:1, 9810",
    "0, 127.0.0.1, 0"
  })
  void isAnAddressAndAPort(String text, String host, int port) {
    InetSocketAddress address = HttpAddress.parse(text);

    assertThat(address.getAddress().getHostAddress()).isEqualTo(host);
    assertThat(address.getPort()).isEqualTo(port);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "localhost:9810",
        "127.0.0.1",
        "127.0.0.1:",
        "::1:9810",
        "70000",
        "256.0.0.1:1",
        "-1",
        "9810/metrics",
        "1.2.3.4.5:1"
      })
  void nothingElseIs(String text) {
    assertThatThrownBy(() -> HttpAddress.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
