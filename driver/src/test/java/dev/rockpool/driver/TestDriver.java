package dev.rockpool.driver;

import dev.rockpool.controller.ControllerService;
import dev.rockpool.controller.GroupControllerService;
import dev.rockpool.driver.observe.RpcLog;
import dev.rockpool.driver.observe.RpcObserver;
import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.driver.socket.SocketChannels;
import dev.rockpool.driver.socket.SocketServer;
import dev.rockpool.identity.Health;
import dev.rockpool.identity.IdentityService;
import dev.rockpool.node.EphemeralVolumes;
import dev.rockpool.node.IoCgroups;
import dev.rockpool.node.NodeConfig;
import dev.rockpool.node.NodeService;
import dev.rockpool.node.NodeVolumes;
import dev.rockpool.node.TargetPaths;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.NodeGrpc;
import dev.rockpool.storage.CopyRate;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolSnapshots;
import dev.rockpool.storage.PoolVolumes;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.VolumeLocks;
import dev.rockpool.storage.host.ExecHost;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The real services on a real socket, over one pool, within the test. */
public final class TestDriver implements AutoCloseable {
  /** Which node it is. */
  public static final NodeId NODE = NodeId.parse("test-node");

  private final Pools pools;
  private final NodeVolumes node;
  private final SocketServer server;
  private final ManagedChannel channel;

  public TestDriver(
      Path directory, Supplier<Health> health, RpcObserver observer, ExecHost.Observer commands)
      throws IOException {
    pools = Pools.open(List.of(TestPools.local("default", directory.resolve("pool"))), NODE, 0);
    ExecHost host = new ExecHost(commands);
    VolumeLocks locks = new VolumeLocks();
    node =
        new NodeVolumes(
            () -> pools,
            new NodeConfig(
                NODE,
                0,
                new TargetPaths(List.of(directory)),
                directory.resolve("state"),
                IoCgroups.find(Optional.empty())),
            locks,
            host);
    node.recover();
    CopyRate rate = new CopyRate(CopyRate.DEFAULT_BYTES_PER_SECOND);
    PoolSnapshots snapshots = new PoolSnapshots(() -> pools, host, locks, rate);
    PoolVolumes volumes = new PoolVolumes(() -> pools, host, locks, rate, node::limited);
    Endpoint endpoint = new Endpoint(directory.resolve("csi.sock"));
    server =
        SocketServer.start(
            endpoint,
            List.of(
                new IdentityService("csi.rockpool.dev", "1.2.3", health),
                new ControllerService(volumes, snapshots),
                new GroupControllerService(snapshots),
                new NodeService(
                    node,
                    volumes,
                    new EphemeralVolumes(node, volumes, directory.resolve("state")))),
            List.of(new RpcLog(observer)));
    channel = SocketChannels.connect(endpoint);
  }

  public Pools pools() {
    return pools;
  }

  public IdentityGrpc.IdentityBlockingStub identity() {
    return IdentityGrpc.newBlockingStub(channel);
  }

  public ControllerGrpc.ControllerBlockingStub controller() {
    return ControllerGrpc.newBlockingStub(channel);
  }

  public NodeGrpc.NodeBlockingStub node() {
    return NodeGrpc.newBlockingStub(channel);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
    node.close();
    pools.close();
  }
}
