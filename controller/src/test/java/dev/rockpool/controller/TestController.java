package dev.rockpool.controller;

import dev.rockpool.proto.csi.CapacityRange;
import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.ControllerGetVolumeRequest;
import dev.rockpool.proto.csi.ControllerGetVolumeResponse;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.GetCapacityRequest;
import dev.rockpool.proto.csi.GroupControllerGrpc;
import dev.rockpool.proto.csi.Volume;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.CopyRate;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolName;
import dev.rockpool.storage.PoolSnapshots;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.PoolVolumes;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.VolumeLocks;
import dev.rockpool.storage.host.ExecHost;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * A Controller service behind a channel, as {@link #NODE}, over real pools in a directory; shared
 * pools are also opened by {@link #OTHER_NODE}.
 */
final class TestController implements AutoCloseable {
  static final String NODE = "node-a";
  static final String OTHER_NODE = "node-b";
  static final long MIB = 1 << 20;
  static final long GIB = 1 << 30;

  private final List<Pools> opened = new ArrayList<>();
  private final Server server;
  private final ManagedChannel channel;
  private final ControllerGrpc.ControllerBlockingStub client;

  private TestController(List<PoolSpec> specs, int maxVolumes) {
    Pools pools = Pools.open(specs, NodeId.parse(NODE), maxVolumes);
    opened.add(pools);
    List<PoolSpec> shared =
        specs.stream()
            .filter(spec -> pools.named(spec.name()).orElseThrow().kind() == PoolKind.SHARED)
            .toList();
    if (!shared.isEmpty()) {
      opened.add(Pools.open(shared, NodeId.parse(OTHER_NODE), maxVolumes));
    }
    ExecHost host = new ExecHost((_, _, _) -> {});
    VolumeLocks locks = new VolumeLocks();
    CopyRate rate = new CopyRate(CopyRate.DEFAULT_BYTES_PER_SECOND);
    PoolVolumes volumes = new PoolVolumes(() -> pools, host, locks, rate, _ -> {});
    PoolSnapshots snapshots = new PoolSnapshots(() -> pools, host, locks, rate);
    String name = InProcessServerBuilder.generateName();
    try {
      server =
          InProcessServerBuilder.forName(name)
              .executor(Executors.newVirtualThreadPerTaskExecutor())
              .addService(new ControllerService(volumes, snapshots))
              .addService(new GroupControllerService(snapshots))
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    channel = InProcessChannelBuilder.forName(name).build();
    client = ControllerGrpc.newBlockingStub(channel);
  }

  /** Over the local pools of these specs, as an operator writes them; they are made if missing. */
  static TestController local(String... specs) {
    return open(PoolKind.LOCAL, 0, specs);
  }

  static TestController shared(String... specs) {
    return open(PoolKind.SHARED, 0, specs);
  }

  static TestController open(PoolKind kind, int maxVolumes, String... specs) {
    List<PoolSpec> parsed = Arrays.stream(specs).map(PoolSpec::parse).toList();
    parsed.forEach(spec -> PoolDirectory.init(spec.name(), spec.directory(), kind));
    return new TestController(parsed, maxVolumes);
  }

  GroupControllerGrpc.GroupControllerBlockingStub groups() {
    return GroupControllerGrpc.newBlockingStub(channel);
  }

  ControllerGrpc.ControllerBlockingStub client() {
    return client;
  }

  Pool pool(String name) {
    return opened.getFirst().named(PoolName.parse(name)).orElseThrow();
  }

  /** The directories of all volumes in the pool, ready or not. */
  static List<String> volumesIn(Path pool) {
    try (Stream<Path> entries = Files.list(pool.resolve("volumes"))) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Volume create(CreateVolumeRequest.Builder request) {
    return client.createVolume(request.build()).getVolume();
  }

  void delete(String id) {
    var _ = client.deleteVolume(DeleteVolumeRequest.newBuilder().setVolumeId(id).build());
  }

  void publish(String id, String node, VolumeCapability capability) {
    publish(id, node, capability, false);
  }

  void publish(String id, String node, VolumeCapability capability, boolean readonly) {
    var _ =
        client.controllerPublishVolume(
            ControllerPublishVolumeRequest.newBuilder()
                .setVolumeId(id)
                .setNodeId(node)
                .setVolumeCapability(capability)
                .setReadonly(readonly)
                .build());
  }

  /** From the node, or from all of them if its id is empty. */
  void unpublish(String id, String node) {
    var _ =
        client.controllerUnpublishVolume(
            ControllerUnpublishVolumeRequest.newBuilder().setVolumeId(id).setNodeId(node).build());
  }

  ControllerGetVolumeResponse get(String id) {
    return client.controllerGetVolume(
        ControllerGetVolumeRequest.newBuilder().setVolumeId(id).build());
  }

  List<String> publishedNodes(String id) {
    return get(id).getStatus().getPublishedNodeIdsList();
  }

  long expand(String id, long required, long limit) {
    return client
        .controllerExpandVolume(
            ControllerExpandVolumeRequest.newBuilder()
                .setVolumeId(id)
                .setCapacityRange(range(required, limit))
                .build())
        .getCapacityBytes();
  }

  long available() {
    return client.getCapacity(GetCapacityRequest.getDefaultInstance()).getAvailableCapacity();
  }

  /** A request for a raw block volume of 1 GiB for one node. */
  static CreateVolumeRequest.Builder block(String name) {
    return request(name, block(Mode.SINGLE_NODE_WRITER));
  }

  static CreateVolumeRequest.Builder request(String name, VolumeCapability... capabilities) {
    return CreateVolumeRequest.newBuilder()
        .setName(name)
        .addAllVolumeCapabilities(Arrays.asList(capabilities));
  }

  static VolumeCapability block(Mode mode) {
    return VolumeCapability.newBuilder()
        .setBlock(VolumeCapability.BlockVolume.getDefaultInstance())
        .setAccessMode(mode(mode))
        .build();
  }

  static VolumeCapability mount(String fsType, Mode mode) {
    return VolumeCapability.newBuilder()
        .setMount(VolumeCapability.MountVolume.newBuilder().setFsType(fsType))
        .setAccessMode(mode(mode))
        .build();
  }

  private static VolumeCapability.AccessMode mode(Mode mode) {
    return VolumeCapability.AccessMode.newBuilder().setMode(mode).build();
  }

  static CapacityRange range(long required, long limit) {
    return CapacityRange.newBuilder().setRequiredBytes(required).setLimitBytes(limit).build();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.shutdownNow();
    opened.forEach(Pools::close);
  }
}
