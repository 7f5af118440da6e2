package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many attaches and detaches, in an order that a seed decides, and what must hold after each. */
final class NoDiskConflictRandomTest {
  private static final int STEPS = 20_000;
  private static final List<NodeId> NODES =
      IntStream.range(0, 5).mapToObj(i -> new NodeId("node-" + i)).toList();

  private static final List<AccessMode> MODES = List.of(AccessMode.values());

  private final List<Attachment> holders = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void aVolumeNeverHasTwoWritersNorAWriterBesideReaders(long seed) {
    run(
        new Random(seed),
        false,
        () -> {
          assertThat(writers()).hasSizeLessThanOrEqualTo(1);
          assertThat(writers().isEmpty() || holders.size() == 1).as("%s", holders).isTrue();
        });
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6, 7, 8})
  void aShareableVolumeKeepsThePromiseOfASingleWriter(long seed) {
    run(
        new Random(seed),
        true,
        () -> {
          boolean promised =
              writers().stream()
                  .anyMatch(held -> held.mode() == AccessMode.MULTI_NODE_SINGLE_WRITER);
          assertThat(promised && writers().size() > 1).as("%s", holders).isFalse();
        });
  }

  private void run(Random random, boolean shareable, Runnable invariant) {
    int grants = 0;
    for (int step = 0; step < STEPS; step++) {
      NodeId node = NODES.get(random.nextInt(NODES.size()));
      if (random.nextInt(3) == 0) {
        holders.removeIf(held -> held.node().equals(node));
      } else {
        AccessMode mode = MODES.get(random.nextInt(MODES.size()));
        Attachment asked = new Attachment(node, mode, mode.access(random.nextBoolean()));
        grants += decide(asked, shareable) ? 1 : 0;
      }
      invariant.run();
      assertThat(holders).extracting(Attachment::node).doesNotHaveDuplicates();
      assertThat(holders.size() < 2 || holders.stream().allMatch(held -> held.mode().multiNode()))
          .as("%s", holders)
          .isTrue();
    }
    assertThat(grants).as("of %s steps", STEPS).isGreaterThan(STEPS / 100);
  }

  /** Follows the verdict, and looks whether it was right to refuse. */
  private boolean decide(Attachment asked, boolean shareable) {
    return switch (NoDiskConflict.attach(List.copyOf(holders), asked, shareable)) {
      case NoDiskConflict.Verdict.Granted<Attachment> _ -> holders.add(asked);
      case NoDiskConflict.Verdict.Held<Attachment>(Attachment held) -> {
        assertThat(held).isEqualTo(asked);
        yield false;
      }
      case NoDiskConflict.Verdict.Differs<Attachment>(Attachment held) -> {
        assertThat(held.node()).isEqualTo(asked.node());
        assertThat(held).isNotEqualTo(asked);
        yield false;
      }
      case NoDiskConflict.Verdict.Conflict<Attachment>(Attachment held) -> {
        assertThat(holders).contains(held);
        boolean oneNode = !held.mode().multiNode() || !asked.mode().multiNode();
        boolean writer = held.access() == Access.READ_WRITE || asked.access() == Access.READ_WRITE;
        if (!oneNode && !writer) {
          fail("%s refused beside %s", asked, held);
        }
        yield false;
      }
    };
  }

  private List<Attachment> writers() {
    return holders.stream().filter(held -> held.access() == Access.READ_WRITE).toList();
  }
}
