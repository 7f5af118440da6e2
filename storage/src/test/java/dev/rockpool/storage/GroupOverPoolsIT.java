package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A group whose volumes are in two pools; its record is in one of them. */
final class GroupOverPoolsIT {
  private static final Host HOST = new ExecHost((_, _, _) -> {});

  @TempDir private Path directory;
  private PoolFilesystem filesystem;
  private Pools pools;
  private PoolSnapshots snapshots;
  private SnapshotGroup group;

  @BeforeEach
  void takeAGroup() throws IOException {
    filesystem = PoolFilesystem.xfs(directory);
    List<PoolSpec> specs = List.of(pool("first"), pool("second"));
    pools = Pools.open(specs, NodeId.parse("node"), 0);
    VolumeLocks locks = new VolumeLocks();
    snapshots = new PoolSnapshots(() -> pools, HOST, locks, CopyRate.UNBOUNDED);
    PoolVolumes volumes = new PoolVolumes(() -> pools, HOST);
    specs.forEach(spec -> volumes.create(volumeIn(spec.name())));
    group =
        snapshots.createGroup(
            "both", List.of(VolumeId.parse("vol-first"), VolumeId.parse("vol-second")));
  }

  private PoolSpec pool(String name) throws IOException {
    PoolSpec spec = PoolSpec.parse(name + "=" + filesystem.newDirectory());
    PoolDirectory.init(spec.name(), spec.directory(), PoolKind.LOCAL);
    return spec;
  }

  private static NewVolume volumeIn(PoolName pool) {
    return new NewVolume(
        "vol-" + pool,
        new SizeRange(1 << 20, 0),
        true,
        Optional.empty(),
        Set.of(AccessMode.SINGLE_NODE_WRITER),
        Optional.of(pool),
        Allocation.THIN,
        DiskConflict.NODE,
        List.of(),
        List.of());
  }

  @AfterEach
  void close() throws IOException {
    snapshots.close();
    pools.close();
    filesystem.close();
  }

  @Test
  void itsMembersAreSeenInBoth() {
    assertThat(group.members()).hasSize(2);
    assertThat(snapshots.list(Optional.empty(), 10, Optional.empty()))
        .containsExactlyElementsOf(group.members());
    assertThat(group.members())
        .allSatisfy(member -> assertThat(snapshots.find(member.id())).contains(member));
  }

  @Test
  void noMemberIsDeletedAlone() {
    assertThat(group.members())
        .allSatisfy(member ->
            assertThatThrownBy(() -> snapshots.delete(member.id()))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("member of group"));
  }

  @Test
  void itGoesAsOne() {
    snapshots.deleteGroup(group.id());

    assertThat(pools.all()).allSatisfy(pool -> assertThat(pool.snapshotCount()).isZero());
    assertThat(snapshots.list(Optional.empty(), 10, Optional.empty())).isEmpty();
  }
}
