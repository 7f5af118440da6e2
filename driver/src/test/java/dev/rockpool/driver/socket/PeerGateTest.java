package dev.rockpool.driver.socket;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class PeerGateTest {
  private final PeerGate gate = new PeerGate(1000);

  @Test
  void admitsItsOwnUserAndRoot() {
    assertThat(gate.admits(1000, 17)).isTrue();
    assertThat(gate.admits(0, 17)).isTrue();
    assertThat(gate.admits(1000, 0)).as("a peer of another pid namespace").isTrue();
  }

  @Test
  void refusesEverybodyElse() {
    for (long uid = 1; uid < 100; uid++) {
      assertThat(gate.admits(uid, 17)).as("uid %d", uid).isFalse();
      assertThat(gate.admits(uid, 17)).as("uid %d, again", uid).isFalse();
    }
    assertThat(gate.admits(65534, 0)).as("a uid of another user namespace").isFalse();
    assertThat(gate.admits(-1, -1)).as("unknown").isFalse();
  }
}
