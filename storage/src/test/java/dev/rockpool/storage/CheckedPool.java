package dev.rockpool.storage;

import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A pool with one of everything in it, made by the driver's own code, to be damaged and checked.
 */
final class CheckedPool implements AutoCloseable {
  static final Host HOST = new ExecHost((_, _, _) -> {});
  static final NodeId NODE = NodeId.parse("node-a");
  static final VolumeId DATA = VolumeId.parse("data");
  static final VolumeId RAW = VolumeId.parse("raw");
  static final VolumeId TREE = VolumeId.parse("tree");
  static final SnapshotId BEFORE = SnapshotId.parse("before");
  static final GroupId GROUP = GroupId.parse("both");
  static final long BYTES = Asked.MIB * 16;

  final PoolSpec spec;
  final PoolLayout layout;
  private Optional<Pools> pools = Optional.empty();
  private Optional<PoolSnapshots> snapshots = Optional.empty();

  private CheckedPool(Path directory) throws IOException {
    spec = new PoolSpec(PoolFixture.POOL, directory, Long.MAX_VALUE, 1);
    layout = new PoolLayout(directory.toRealPath());
  }

  /** An empty pool, closed. */
  static CheckedPool make(Path directory, PoolKind kind) throws IOException {
    PoolDirectory.init(PoolFixture.POOL, directory, kind);
    return new CheckedPool(directory);
  }

  /** One with volumes of all kinds, one of them published, a snapshot and a group; closed. */
  static CheckedPool full(Path directory, PoolKind kind) throws IOException {
    CheckedPool pool = make(directory, kind);
    pool.open();
    pool.volumes().create(Asked.filesystem("data", FsType.EXT4).size(BYTES).build());
    pool.volumes().create(Asked.block("raw").size(BYTES).build());
    if (kind == PoolKind.SHARED) {
      pool.volumes()
          .create(
              Asked.filesystem("tree")
                  .size(BYTES)
                  .modes(AccessMode.MULTI_NODE_MULTI_WRITER)
                  .build());
    }
    pool.volumes()
        .attach(DATA, new Attachment(NODE, AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE));
    pool.snapshots().create("before", DATA);
    pool.snapshots().createGroup("both", List.of(DATA, RAW));
    pool.close();
    return pool;
  }

  void open() {
    pools = Optional.of(Pools.open(List.of(spec), NODE, 0));
    snapshots =
        Optional.of(
            new PoolSnapshots(pools::orElseThrow, HOST, new VolumeLocks(), CopyRate.UNBOUNDED));
  }

  PoolVolumes volumes() {
    return new PoolVolumes(pools::orElseThrow, HOST);
  }

  PoolSnapshots snapshots() {
    return snapshots.orElseThrow();
  }

  Pools pools() {
    return pools.orElseThrow();
  }

  Pool opened() {
    return pools.orElseThrow().all().getFirst();
  }

  PoolCheck checker() {
    return new PoolCheck(List.of(spec), HOST, Duration.ofMillis(500));
  }

  /** What a check finds. */
  List<Finding> findings() {
    return checker().check(spec).left().stream().map(PoolReport.Left::finding).toList();
  }

  List<String> ids() {
    return findings().stream().map(Finding::id).toList();
  }

  /** Repairs what can be repaired, and gives up what is named. */
  PoolReport repair(String... giveUp) {
    return checker().repair(spec, Set.of(giveUp));
  }

  Path path(String place) {
    return layout.root().resolve(place);
  }

  void changeVolume(VolumeId id, UnaryOperator<VolumeRecord> change) {
    var _ = new VolumeStore(layout, () -> true).update(id, change);
  }

  void changeSnapshot(SnapshotId id, UnaryOperator<SnapshotRecord> change) {
    var _ = new SnapshotStore(layout, () -> true).update(id, change);
  }

  void changeGroup(UnaryOperator<GroupRecord> change) {
    var _ = new GroupStore(layout, () -> true).update(GROUP, change);
  }

  /** One of the group's members. */
  SnapshotId member() {
    return new GroupStore(layout, () -> true)
        .find(GROUP)
        .orElseThrow()
        .members()
        .getFirst()
        .snapshot();
  }

  /** Puts another text into a file. */
  void replace(String place, String text, String by) throws IOException {
    Path file = path(place);
    String before = Files.readString(file);
    if (!before.contains(text)) {
      throw new AssertionError(file + " has no " + text + ": " + before);
    }
    Files.writeString(file, before.replace(text, by));
  }

  @Override
  public void close() {
    snapshots.ifPresent(PoolSnapshots::close);
    pools.ifPresent(Pools::close);
    snapshots = Optional.empty();
    pools = Optional.empty();
  }
}
