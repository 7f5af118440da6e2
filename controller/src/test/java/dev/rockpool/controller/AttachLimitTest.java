package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.NODE;
import static dev.rockpool.controller.TestController.OTHER_NODE;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.range;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.PoolKind;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that can hold a limited number of volumes. */
final class AttachLimitTest {
  private static final VolumeCapability WRITER = block(Mode.SINGLE_NODE_WRITER);
  private static final int MOST = 8;

  @TempDir private Path directory;
  private TestController controller;

  @BeforeEach
  void openAndCreate() {
    controller = TestController.open(PoolKind.SHARED, MOST, "default=" + directory);
    for (int i = 0; i <= MOST; i++) {
      controller.create(block("disk-" + i).setCapacityRange(range(MIB, 0)));
    }
  }

  @AfterEach
  void close() {
    controller.close();
  }

  @Test
  void aFullNodeTakesNoMoreButKeepsWhatItHas() {
    for (int i = 0; i < MOST; i++) {
      controller.publish("disk-" + i, NODE, WRITER);
    }

    assertRefused(Code.RESOURCE_EXHAUSTED, () -> controller.publish("disk-8", NODE, WRITER))
        .contains(NODE)
        .contains("" + MOST);
    assertThat(controller.publishedNodes("disk-8")).isEmpty();
    controller.publish("disk-0", NODE, WRITER);
    controller.publish("disk-8", OTHER_NODE, WRITER);

    controller.unpublish("disk-0", NODE);
    controller.unpublish("disk-8", OTHER_NODE);
    controller.publish("disk-8", NODE, WRITER);
  }

  /** Again and again, since a count that is wrong is wrong for a moment only. */
  @Test
  void asManyAsFitAtOnceAllFitAndNoMore() throws Exception {
    CyclicBarrier start = new CyclicBarrier(MOST + 1);
    for (int round = 0; round < 30; round++) {
      List<Future<Boolean>> calls = new ArrayList<>();
      try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i <= MOST; i++) {
          String volume = "disk-" + i;
          calls.add(
              callers.submit(() -> {
                start.await();
                return fits(volume);
              }));
        }
      }
      int held = 0;
      for (Future<Boolean> call : calls) {
        held += call.get() ? 1 : 0;
      }
      assertThat(held).as("round %d", round).isEqualTo(MOST);
      for (int i = 0; i <= MOST; i++) {
        controller.unpublish("disk-" + i, NODE);
      }
    }
  }

  private boolean fits(String volume) {
    try {
      controller.publish(volume, NODE, WRITER);
      return true;
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
      return false;
    }
  }
}
