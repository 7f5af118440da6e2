package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.SizeRange;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Space that a volume's users discard goes back to the pool. */
final class AllocationIT {
  private static final Mode MODE = Mode.SINGLE_NODE_MULTI_WRITER;

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private TestNode node;

  @BeforeEach
  void open() {
    node = TestNode.local(machine);
  }

  @AfterEach
  void close() {
    node.close();
  }

  @ParameterizedTest
  @EnumSource
  void thinGivesBackWhatItsUserDiscards(Kind kind) throws Exception {
    create(kind);
    Path target = node.publish("vol", "one", kind.capability(MODE));
    for (int number = 0; number < 5; number++) {
      kind.write(target, number);
    }
    long full = allocatedBytes();
    assertThat(full).isLessThan(kind.bytes());
    for (int number = 0; number < 5 && !kind.block(); number++) {
      Files.delete(target.resolve("data-" + number));
    }

    // XFS frees what was deleted some time later, in the background.
    await()
        .untilAsserted(() -> {
          Machine.run("sync", "--file-system", target.toString());
          discard(kind, target);
          assertThat(allocatedBytes()).isLessThan(full - (10 << 20));
        });
  }

  private static void discard(Kind kind, Path target) {
    if (kind.block()) {
      Machine.run("blkdiscard", "--force", target.toString());
    } else {
      Machine.run("fstrim", target.toString());
    }
  }

  private void create(Kind kind) {
    node.create(
        new NewVolume(
            "vol",
            new SizeRange(kind.bytes(), 0),
            kind.block(),
            kind.fsType(),
            Set.of(AccessMode.SINGLE_NODE_MULTI_WRITER),
            Optional.empty(),
            Allocation.THIN,
            DiskConflict.NODE,
            List.of(),
            List.of()));
    node.use("vol", kind.capability(MODE));
  }

  private long allocatedBytes() {
    return 512 * Long.parseLong(Machine.run("stat", "-c", "%b", node.image("vol").toString()));
  }
}
