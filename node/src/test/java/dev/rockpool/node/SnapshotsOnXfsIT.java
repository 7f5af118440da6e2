package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeSource;
import dev.rockpool.storage.host.Command;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Snapshots by reflink, on XFS. */
final class SnapshotsOnXfsIT extends ReflinkedSnapshotsContract {
  @RegisterExtension private static final Machine machine = Machine.xfs();

  @Override
  Machine machine() {
    return machine;
  }

  /** Else a write could find the pool full, which thick volumes are made to prevent. */
  @Test
  void aThickCloneSharesNoBlocks() {
    unused("vol", Kind.EXT4);
    String clone =
        node()
            .create(
                new NewVolume(
                        "clone",
                        new SizeRange(Kind.EXT4.bytes(), 0),
                        false,
                        Optional.empty(),
                        Set.of(AccessMode.SINGLE_NODE_MULTI_WRITER),
                        Optional.empty(),
                        Allocation.THICK,
                        DiskConflict.NODE,
                        List.of(),
                        List.of())
                    .from(new VolumeSource.OfVolume(VolumeId.parse("vol"))));
    assertThat(extents(node().image("vol"))).doesNotContain("shared");
    assertThat(extents(node().image(clone))).doesNotContain("shared");
    Kind.EXT4.assertHolds(use(clone, Kind.EXT4), 0);
    node().restore("thin", Kind.EXT4, new VolumeSource.OfVolume(VolumeId.parse("clone")));
    assertThat(extents(node().image("thin"))).contains("shared");
  }

  private static String extents(Path image) {
    return TestNode.HOST.run(Command.of("filefrag", "-v", image.toString()));
  }
}
