package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.CapacityRange;
import dev.rockpool.proto.csi.NodeExpandVolumeRequest;
import dev.rockpool.proto.csi.NodeGetVolumeStatsRequest;
import dev.rockpool.proto.csi.NodeGetVolumeStatsResponse;
import dev.rockpool.proto.csi.NodeGrpc;
import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.NodeUnpublishVolumeRequest;
import dev.rockpool.proto.csi.NodeUnstageVolumeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.CopyRate;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolSnapshots;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.PoolVolumes;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.Snapshot;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeLocks;
import dev.rockpool.storage.VolumeSource;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * A Node service behind a channel, over the pool of a {@link Machine}, and the volumes that tests
 * make there. When it is closed, it takes all of them away by the driver's own calls: volumes that
 * are still locked then, or state that is still there, fail the test.
 */
final class TestNode implements AutoCloseable {
  static final Host HOST = new ExecHost((_, _, _) -> {});
  private static final IoCgroups NO_CGROUP = IoCgroups.find(Optional.empty());

  private final Path directory;
  private final NodeId id;
  private final Pools pools;
  private final VolumeLocks locks = new VolumeLocks();
  private final PoolVolumes volumes;
  private final PoolSnapshots snapshots;
  private final NodeVolumes node;
  private final Server server;
  private final ManagedChannel channel;
  private final NodeGrpc.NodeBlockingStub client;
  // What is to be taken away: volumes, where they are staged, and their targets.
  private final Map<String, Path> staged = new ConcurrentSkipListMap<>();
  private final Map<Path, String> published = new ConcurrentSkipListMap<>();
  private final Set<String> made = ConcurrentHashMap.newKeySet();

  private TestNode(Machine machine, PoolKind kind, String id, Host host, IoCgroups cgroups) {
    this.id = NodeId.parse(id);
    this.directory = machine.node(id);
    PoolSpec spec = PoolSpec.parse("default=" + machine.pool());
    PoolDirectory.init(spec.name(), spec.directory(), kind);
    this.pools = Pools.open(List.of(spec), this.id, 0);
    this.node =
        new NodeVolumes(
            () -> pools,
            new NodeConfig(this.id, 0, new TargetPaths(List.of(machine.root())), state(), cgroups),
            locks,
            host);
    this.volumes =
        new PoolVolumes(
            () -> pools,
            host,
            locks,
            new CopyRate(CopyRate.DEFAULT_BYTES_PER_SECOND),
            node::limited);
    this.snapshots = snapshots(CopyRate.DEFAULT_BYTES_PER_SECOND);
    EphemeralVolumes ephemeral = new EphemeralVolumes(node, volumes, state());
    node.recover();
    ephemeral.recover();
    String name = InProcessServerBuilder.generateName();
    try {
      Files.createDirectories(directory.resolve("pods"));
      Files.createDirectories(directory.resolve("staging"));
      this.server =
          InProcessServerBuilder.forName(name)
              .executor(Executors.newVirtualThreadPerTaskExecutor())
              .addService(new NodeService(node, volumes, ephemeral))
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.channel = InProcessChannelBuilder.forName(name).build();
    this.client = NodeGrpc.newBlockingStub(channel);
  }

  static TestNode local(Machine machine) {
    return new TestNode(machine, PoolKind.LOCAL, "node-a", HOST, NO_CGROUP);
  }

  static TestNode local(Machine machine, Host host) {
    return new TestNode(machine, PoolKind.LOCAL, "node-a", host, NO_CGROUP);
  }

  /** One whose users of volumes are limited in these cgroups. */
  static TestNode limiting(Machine machine, IoCgroups cgroups) {
    return new TestNode(machine, PoolKind.LOCAL, "node-a", HOST, cgroups);
  }

  /** One of several nodes that have the pool. */
  static TestNode shared(Machine machine, String id) {
    return shared(machine, id, HOST);
  }

  static TestNode shared(Machine machine, String id, Host host) {
    return new TestNode(machine, PoolKind.SHARED, id, host, NO_CGROUP);
  }

  NodeGrpc.NodeBlockingStub client() {
    return client;
  }

  PoolVolumes volumes() {
    return volumes;
  }

  PoolSnapshots snapshots() {
    return snapshots;
  }

  /** Snapshots as another process of this node would have them. */
  PoolSnapshots snapshots(long copyBytesPerSecond) {
    return new PoolSnapshots(() -> pools, HOST, locks, new CopyRate(copyBytesPerSecond));
  }

  Pools pools() {
    return pools;
  }

  Snapshot snapshot(String name, String volume) {
    return snapshots.create(name, VolumeId.parse(volume));
  }

  /** Makes a volume of that kind with the content of the source, and of its size. */
  String restore(String name, Kind kind, VolumeSource source) {
    return restore(name, kind, new SizeRange(kind.bytes(), 0), source);
  }

  String restore(String name, Kind kind, SizeRange size, VolumeSource source) {
    return create(
        new NewVolume(
                name,
                size,
                kind.block(),
                kind.fsType(),
                Set.of(AccessMode.SINGLE_NODE_MULTI_WRITER),
                Optional.empty(),
                Allocation.THIN,
                DiskConflict.NODE,
                List.of(),
                List.of())
            .from(source));
  }

  NodeVolumes nodeVolumes() {
    return node;
  }

  /** Where the node remembers what it has staged. */
  Path state() {
    return directory.resolve("state");
  }

  /** Where a test may make targets. */
  Path pods() {
    return directory.resolve("pods");
  }

  /** Where {@link #stage} stages the volume; not made yet. */
  Path stagingPath(String volume) {
    return directory.resolve("staging").resolve(volume);
  }

  Path image(String volume) {
    return pools.all().getFirst().image(VolumeId.parse(volume));
  }

  Path data(String volume) {
    return pools.all().getFirst().data(VolumeId.parse(volume));
  }

  /** Makes a volume of that kind, for these modes. */
  String create(String name, Kind kind, AccessMode... modes) {
    return create(
        new NewVolume(
            name,
            new SizeRange(kind.bytes(), 0),
            kind.block(),
            kind.fsType(),
            modes.length == 0 ? Set.of(AccessMode.SINGLE_NODE_MULTI_WRITER) : Set.of(modes),
            Optional.empty(),
            Allocation.THIN,
            DiskConflict.NODE,
            List.of(),
            List.of()));
  }

  String create(NewVolume asked) {
    String volume = volumes.create(asked).id().value();
    made.add(volume);
    return volume;
  }

  void attach(String volume, VolumeCapability capability, boolean readonly) {
    attach(volume, id.value(), capability, readonly);
  }

  /** Attaches the volume to that node. */
  void attach(String volume, String nodeId, VolumeCapability capability, boolean readonly) {
    AccessMode mode = AccessMode.valueOf(capability.getAccessMode().getMode().name());
    var _ =
        volumes.attach(
            VolumeId.parse(volume),
            new Attachment(NodeId.parse(nodeId), mode, mode.access(readonly)));
  }

  void detach(String volume) {
    detach(volume, id.value());
  }

  void detach(String volume, String nodeId) {
    volumes.detach(VolumeId.parse(volume), Optional.of(NodeId.parse(nodeId)));
  }

  /** Grows the volume's image and record, as ControllerExpandVolume does. */
  void grow(String volume, long bytes) {
    var _ = volumes.expand(VolumeId.parse(volume), new SizeRange(bytes, 0));
  }

  /** Attaches and stages the volume read-write. */
  Path use(String volume, VolumeCapability capability) {
    attach(volume, capability, false);
    return stage(volume, capability);
  }

  /** Stages the volume at its {@link #stagingPath}. */
  Path stage(String volume, VolumeCapability capability) {
    Path path = directory(stagingPath(volume));
    stage(volume, path.toString(), capability);
    return path;
  }

  void stage(String volume, String path, VolumeCapability capability) {
    var _ =
        client.nodeStageVolume(
            NodeStageVolumeRequest.newBuilder()
                .setVolumeId(volume)
                .setStagingTargetPath(path)
                .setVolumeCapability(capability)
                .build());
    staged.put(volume, Path.of(path));
  }

  void unstage(String volume) {
    unstage(volume, staged.getOrDefault(volume, stagingPath(volume)).toString());
    staged.remove(volume);
  }

  void unstage(String volume, String path) {
    var _ =
        client.nodeUnstageVolume(
            NodeUnstageVolumeRequest.newBuilder()
                .setVolumeId(volume)
                .setStagingTargetPath(path)
                .build());
  }

  /** Publishes the volume read-write to a target of that name. */
  Path publish(String volume, String target, VolumeCapability capability) {
    return publish(volume, target, capability, false);
  }

  Path publish(String volume, String target, VolumeCapability capability, boolean readonly) {
    Path path = directory(pods().resolve(target)).resolve("mount");
    publish(volume, path, capability, readonly);
    return path;
  }

  void publish(String volume, Path target, VolumeCapability capability, boolean readonly) {
    String staging = staged.getOrDefault(volume, stagingPath(volume)).toString();
    var _ =
        client.nodePublishVolume(
            publication(volume, staging, target.toString(), capability).toBuilder()
                .setReadonly(readonly)
                .build());
    published.put(target, volume);
  }

  static NodePublishVolumeRequest publication(
      String volume, String stagingPath, String target, VolumeCapability capability) {
    return NodePublishVolumeRequest.newBuilder()
        .setVolumeId(volume)
        .setStagingTargetPath(stagingPath)
        .setTargetPath(target)
        .setVolumeCapability(capability)
        .build();
  }

  void unpublish(String volume, Path target) {
    unpublish(volume, target.toString());
    published.remove(target);
  }

  void unpublish(String volume, String target) {
    var _ =
        client.nodeUnpublishVolume(
            NodeUnpublishVolumeRequest.newBuilder()
                .setVolumeId(volume)
                .setTargetPath(target)
                .build());
  }

  NodeGetVolumeStatsResponse statistics(String volume, String path) {
    return client.nodeGetVolumeStats(
        NodeGetVolumeStatsRequest.newBuilder().setVolumeId(volume).setVolumePath(path).build());
  }

  long expand(String volume, Path path, long required) {
    return client
        .nodeExpandVolume(
            NodeExpandVolumeRequest.newBuilder()
                .setVolumeId(volume)
                .setVolumePath(path.toString())
                .setCapacityRange(CapacityRange.newBuilder().setRequiredBytes(required))
                .build())
        .getCapacityBytes();
  }

  private static Path directory(Path path) {
    try {
      return Files.createDirectories(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    Map<String, Runnable> steps = new LinkedHashMap<>();
    published.forEach(
        (target, volume) -> steps.put("unpublish " + target, () -> unpublish(volume, target)));
    staged.keySet().forEach(volume -> steps.put("unstage " + volume, () -> unstage(volume)));
    made.forEach(volume ->
        steps.put(
            "detach " + volume, () -> volumes.detach(VolumeId.parse(volume), Optional.empty())));
    made.forEach(
        volume -> steps.put("delete " + volume, () -> volumes.delete(VolumeId.parse(volume))));
    List<String> failed = new ArrayList<>();
    steps.forEach((step, call) -> {
      try {
        call.run();
      } catch (RuntimeException e) {
        failed.add(step + ": " + e.getMessage());
      }
    });
    channel.shutdownNow();
    server.shutdownNow();
    node.close();
    pools.close();
    assertThat(failed).as("taking away what the test made").isEmpty();
    assertThat(filesIn(state())).as("the node's state").isEmpty();
  }

  private static List<Path> filesIn(Path path) {
    try (Stream<Path> files = Files.list(path)) {
      return files.toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
