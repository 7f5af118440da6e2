package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/** A pool that one node has opened, and what orchestrators do with it, over and over if need be. */
final class OpenPool implements AutoCloseable {
  static final NodeId NODE = new NodeId("node-a");
  private static final Host HOST = new ExecHost((program, succeeded, took) -> {});
  private static final int CONTENT_BYTES = 200_000;

  private final Pools pools;
  private final PoolVolumes volumes;
  private final PoolSnapshots snapshots;

  private OpenPool(Pools pools) {
    this.pools = pools;
    VolumeLocks locks = new VolumeLocks();
    this.volumes = new PoolVolumes(() -> pools, HOST, locks, CopyRate.UNBOUNDED, _ -> {});
    this.snapshots = new PoolSnapshots(() -> pools, HOST, locks, CopyRate.UNBOUNDED);
  }

  static OpenPool open(Path directory) {
    PoolSpec spec = new PoolSpec(PoolFixture.POOL, directory, Long.MAX_VALUE, 1);
    OpenPool open = new OpenPool(Pools.open(List.of(spec), NODE, 0));
    open.snapshots.recover(open.pools);
    return open;
  }

  Pool pool() {
    return pools.all().getFirst();
  }

  PoolVolumes volumes() {
    return volumes;
  }

  void create(Asked asked) {
    assertThat(volumes.create(asked.build()).record().state()).isEqualTo(VolumeRecord.State.READY);
  }

  void create(Asked asked, VolumeSource source) {
    assertThat(volumes.create(asked.build().from(source)).record().state())
        .isEqualTo(VolumeRecord.State.READY);
  }

  /** Takes the snapshot, and waits until it is ready. */
  void snapshot(String name, String volume) {
    while (!snapshots.create(name, VolumeId.parse(volume)).record().ready()) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  void deleteSnapshot(String id) {
    snapshots.delete(SnapshotId.parse(id));
  }

  void group(String name, String... volumes) {
    SnapshotGroup group =
        snapshots.createGroup(name, List.of(volumes).stream().map(VolumeId::parse).toList());
    assertThat(group.members()).hasSize(volumes.length);
  }

  void deleteGroup(String id) {
    snapshots.deleteGroup(GroupId.parse(id));
  }

  VolumeRecord record(String id) {
    return volumes.find(VolumeId.parse(id)).orElseThrow().record();
  }

  /** Writes the volume, as its users do, with what is told from others by the name. */
  void write(String id) throws IOException {
    try (FileChannel image = FileChannel.open(image(id), StandardOpenOption.WRITE)) {
      image.write(ByteBuffer.wrap(content(id)), Asked.MIB);
      image.force(true);
    }
  }

  /** Writes a file in the directory volume, with what is told from others by the name. */
  void writeFile(String id) throws IOException {
    Path inner = Files.createDirectory(pool().data(VolumeId.parse(id)).resolve("inner"));
    Files.write(inner.resolve("file"), content(id));
  }

  /** Asserts that the directory has what was written to that volume's file. */
  void holdsFile(Path directory, String written) throws IOException {
    assertThat(Files.readAllBytes(directory.resolve("inner/file")))
        .as("content of %s", directory)
        .isEqualTo(content(written));
  }

  private Path image(String id) {
    return pool().image(VolumeId.parse(id));
  }

  private static byte[] content(String id) {
    byte[] bytes = new byte[CONTENT_BYTES];
    new Random(id.hashCode()).nextBytes(bytes);
    return bytes;
  }

  /** Asserts that the volume has what was written to that one. */
  void holds(String id, String written) throws IOException {
    holds(image(id), written);
  }

  void snapshotHolds(String id, String written) throws IOException {
    holds(pool().layout().image(SnapshotId.parse(id)), written);
  }

  private static void holds(Path image, String written) throws IOException {
    ByteBuffer read = ByteBuffer.allocate(CONTENT_BYTES);
    try (FileChannel open = FileChannel.open(image, StandardOpenOption.READ)) {
      open.read(read, Asked.MIB);
    }
    assertThat(read.array()).as("content of %s", image).isEqualTo(content(written));
  }

  /** Asserts that the volume has a filesystem without a fault, in an image of the right size. */
  void isSound(String id) {
    Path image = image(id);
    VolumeRecord record = record(id);
    assertThat(image).hasSize(record.capacityBytes());
    switch (record.contents().fsType().orElseThrow()) {
      case EXT4 -> HOST.run(Command.of("e2fsck", "-f", "-n", "" + image));
      case XFS -> HOST.run(Command.of("xfs_repair", "-n", "" + image));
      case BTRFS -> HOST.run(Command.of("btrfs", "check", "" + image));
    }
  }

  List<String> snapshotIds() {
    return snapshots.list(Optional.empty(), 1000, Optional.empty()).stream()
        .map(snapshot -> snapshot.id().toString())
        .toList();
  }

  /** What the pool has that it can't read. */
  List<String> unreadable() {
    List<String> unreadable = new ArrayList<>(pool().volumes().unreadable().values());
    unreadable.addAll(pool().snapshots().unreadable().values());
    unreadable.addAll(pool().groups().unreadable().values());
    return unreadable;
  }

  /** Removes all that is named, whatever became of it, and asserts that nothing is left. */
  void clear(List<String> volumeIds, List<String> snapshotIds, List<String> groupIds) {
    groupIds.forEach(this::deleteGroup);
    snapshotIds.forEach(this::deleteSnapshot);
    for (String id : volumeIds) {
      volumes.detach(VolumeId.parse(id), Optional.empty());
      volumes.delete(VolumeId.parse(id));
    }
    PoolLayout layout = pool().layout();
    assertThat(layout.volumes()).isEmptyDirectory();
    assertThat(layout.snapshots()).isEmptyDirectory();
    assertThat(layout.groups()).isEmptyDirectory();
    assertThat(pool().promisedBytes()).as("promised").isZero();
  }

  @Override
  public void close() {
    snapshots.close();
    pools.close();
  }
}
