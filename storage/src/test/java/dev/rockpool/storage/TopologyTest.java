package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TopologyTest {
  private static final Topology NODE_A = Topology.ofNode(new NodeId("a"));
  private static final Topology NODE_B = Topology.ofNode(new NodeId("b"));
  private static final Topology SHARED =
      Topology.ofSharedPool(new PoolName("fast"), "1b4e28ba-2fa1-11d2-883f-0016d3cca427");

  /** CSI: Topology: at most 63 characters in a key's name and in a value, one prefix. */
  @Test
  void segmentsAreWhatTheSpecificationAllows() {
    Topology longest = Topology.ofSharedPool(new PoolName("p".repeat(40)), "0".repeat(36));
    for (Topology topology : List.of(NODE_A, SHARED, longest)) {
      topology
          .segments()
          .forEach((key, value) -> {
            assertThat(key)
                .matches("topology\\.rockpool\\.dev/[a-z0-9]([-.a-z0-9]{0,61}[a-z0-9])?");
            assertThat(value).matches("[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?");
          });
    }
  }

  @Test
  void aPlaceMayHaveMoreSegmentsThanAreNeeded() {
    Topology place =
        new Topology(
            Map.of(
                "topology.rockpool.dev/node", "a",
                "topology.rockpool.dev/pool.fast", "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
                "topology.kubernetes.io/zone", "z"));
    assertThat(NODE_A.reachableFrom(place)).isTrue();
    assertThat(SHARED.reachableFrom(place)).isTrue();
    assertThat(NODE_B.reachableFrom(place)).isFalse();
  }

  @Test
  void aPlaceThatLacksASegmentDoesNotReach() {
    assertThat(SHARED.reachableFrom(NODE_A)).isFalse();
    assertThat(NODE_A.reachableFrom(new Topology(Map.of()))).isFalse();
  }

  @Test
  void twoPoolsOfOneNameAreTwoPlaces() {
    Topology other = Topology.ofSharedPool(new PoolName("fast"), "another");
    assertThat(SHARED.reachableFrom(other)).isFalse();
  }

  @Test
  void oneOfSeveralPlacesIsEnoughAndNoneIsNoRequirement() {
    assertThat(NODE_A.reachableFromAny(List.of(NODE_B, NODE_A))).isTrue();
    assertThat(NODE_A.reachableFromAny(List.of(NODE_B))).isFalse();
    assertThat(NODE_A.reachableFromAny(List.of())).isTrue();
  }
}
