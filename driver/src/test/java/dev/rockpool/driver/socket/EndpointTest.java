package dev.rockpool.driver.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EndpointTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/run/rockpool/csi.sock",
        "/csi.sock",
        "/var/lib/kubelet/plugins_registry/rockpool.dev-reg.sock",
        "/run/with space/a%20b?c#d.sock",
        "/run/a..b/csi.sock",
        "/run/.hidden/csi.sock"
      })
  void acceptsAnAbsolutePathThatEndsInSock(String path) {
    Endpoint endpoint = Endpoint.parse("unix://" + path);

    assertThat(endpoint.path()).isEqualTo(Path.of(path));
    assertThat(endpoint).hasToString("unix://" + path);
    assertThat(endpoint).isEqualTo(new Endpoint(Path.of(path)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                          | does not begin with unix://",
        "tcp://127.0.0.1:10000       | does not begin with unix://",
        "dns:///localhost:1          | does not begin with unix://",
        "/run/csi.sock               | does not begin with unix://",
        "unix:/run/csi.sock          | does not begin with unix://",
        "UNIX:///run/csi.sock        | does not begin with unix://",
        "unix://                     | not absolute",
        "unix://csi.sock             | not absolute",
        "unix://run/csi.sock         | not absolute",
        "unix://@csi.sock            | not absolute",
        "unix:///                    | not absolute",
        "unix:///run/csi.sock/       | empty part",
        "unix:///run//csi.sock       | empty part",
        "unix:////run/csi.sock       | empty part",
        "unix:///run/../etc/csi.sock | . or ..",
        "unix:///run/./csi.sock      | . or ..",
        "unix:///run/csi.sock/..     | . or ..",
        "unix:///run/csi             | does not end in .sock",
        "unix:///run/csi.socket      | does not end in .sock",
        "unix:///run/csi.SOCK        | does not end in .sock",
        "unix:///run/sock            | does not end in .sock",
        "unix:///run/.sock           | begins with a dot",
        "unix:///run/.csi.sock       | begins with a dot",
      })
  void refusesEverythingElseWithTheValueAndWhatIsExpected(String value, String reason) {
    assertThatThrownBy(() -> Endpoint.parse(value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("endpoint '" + value + "'")
        .hasMessageContaining(reason)
        .hasMessageContaining("expected unix:// and an absolute path that ends in .sock");
  }

  @Test
  void refusesZeroBytes() {
    assertThatThrownBy(() -> Endpoint.parse("unix:///run/a\0b.sock"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("path is not valid");
  }

  @Test
  void leavesRoomInTheSocketAddressForTheHiddenName() {
    String longest = "/run/" + "x".repeat(89) + ".sock";
    assertThat(longest).hasSize(99);

    assertThat(Endpoint.parse("unix://" + longest).path()).hasToString(longest);
    assertThat(HiddenName.of(Endpoint.parse("unix://" + longest)).toString()).hasSize(107);
    assertThatThrownBy(() -> Endpoint.parse("unix:///x" + longest))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the path has 101 bytes, and a socket's may have 99");
  }

  @Test
  void isCheckedHoweverItIsMade() {
    assertThatThrownBy(() -> new Endpoint(Path.of("csi.sock")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not absolute");
  }
}
