package dev.rockpool.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A new pool, opened by each of its nodes; the first one serves the volumes. */
final class PoolFixture implements VolumesFixture {
  static final PoolName POOL = new PoolName("default");

  private final PoolSpec spec;
  private final List<NodeId> nodes;
  private final int maxVolumes;
  private final List<Pools> opened = new ArrayList<>();
  private final HoldableHost host = new HoldableHost();
  private PoolVolumes volumes;

  private PoolFixture(Path directory, PoolKind kind, List<NodeId> nodes, Setup setup) {
    this.spec = new PoolSpec(POOL, directory, setup.limitBytes(), setup.overcommit());
    this.nodes = nodes;
    this.maxVolumes = setup.maxVolumes();
    PoolDirectory.init(POOL, directory, kind);
    this.volumes = openAll();
  }

  static PoolFixture local(Path directory, Setup setup) {
    return new PoolFixture(directory, PoolKind.LOCAL, List.of(new NodeId("node-a")), setup);
  }

  static PoolFixture local(Path directory) {
    return local(directory, Setup.USUAL);
  }

  static PoolFixture shared(Path directory, Setup setup) {
    List<NodeId> nodes = Stream.of("node-a", "node-b", "node-c").map(NodeId::new).toList();
    return new PoolFixture(directory, PoolKind.SHARED, nodes, setup);
  }

  private PoolVolumes openAll() {
    nodes.forEach(node -> opened.add(Pools.open(List.of(spec), node, maxVolumes)));
    return new PoolVolumes(opened::getFirst, host);
  }

  /** Opens the pool anew, as after a restart. */
  void restart() {
    closeAll();
    volumes = openAll();
  }

  void closeAll() {
    opened.forEach(Pools::close);
    opened.clear();
  }

  @Override
  public PoolVolumes volumes() {
    return volumes;
  }

  @Override
  public PoolName pool() {
    return POOL;
  }

  @Override
  public List<NodeId> nodes() {
    return nodes;
  }

  @Override
  public Topology place() {
    return opened().topology();
  }

  @Override
  public HoldableHost host() {
    return host;
  }

  @Override
  public AutoCloseable use(VolumeId id, Access access) {
    Pool pool = opened.getLast().named(POOL).orElseThrow();
    return pool.use(pool.find(id).orElseThrow(), access).orElseThrow();
  }

  Pool opened() {
    return opened.getFirst().named(POOL).orElseThrow();
  }

  PoolLayout layout() {
    return opened().layout();
  }

  Volume create(Asked asked) {
    return volumes.create(asked.build());
  }

  List<String> ids() {
    return volumes.list(Optional.empty(), 1000).stream()
        .map(volume -> volume.id().value())
        .toList();
  }

  long available() {
    return opened().availableBytes();
  }

  @Override
  public void close() {
    closeAll();
    try {
      AtomicFiles.deleteTree(spec.directory());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
