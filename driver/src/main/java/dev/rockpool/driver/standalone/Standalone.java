package dev.rockpool.driver.standalone;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.rockpool.controller.ControllerService;
import dev.rockpool.controller.GroupControllerService;
import dev.rockpool.controller.SnapshotMetadataService;
import dev.rockpool.driver.observe.HttpEndpoint;
import dev.rockpool.driver.observe.Metrics;
import dev.rockpool.driver.observe.RpcLog;
import dev.rockpool.driver.observe.RpcObserver;
import dev.rockpool.driver.process.ExitCode;
import dev.rockpool.driver.process.Termination;
import dev.rockpool.driver.registration.KubeletRegistration;
import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.driver.socket.SocketServer;
import dev.rockpool.identity.IdentityService;
import dev.rockpool.node.EphemeralVolumes;
import dev.rockpool.node.IoCgroups;
import dev.rockpool.node.NodeConfig;
import dev.rockpool.node.NodeService;
import dev.rockpool.node.NodeVolumes;
import dev.rockpool.node.TargetPaths;
import dev.rockpool.storage.CopyRate;
import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolSnapshotBlocks;
import dev.rockpool.storage.PoolSnapshots;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.PoolVolumes;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumeLocks;
import dev.rockpool.storage.host.ExecHost;
import io.grpc.BindableService;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The driver as one process. */
public final class Standalone {
  /** The driver's name, which StorageClasses give as their provisioner. */
  public static final String DRIVER = "csi.rockpool.dev";

  private static final Logger log = LoggerFactory.getLogger(Standalone.class);
  private static final Duration PAUSE = Duration.ofSeconds(3);

  /** Kubelet's calls there take no time, and it makes few. */
  private static final Duration REGISTRATION_GRACE = Duration.ofSeconds(1);

  private final StandaloneConfig config;
  private final OpenPools pools;
  private final Optional<Metrics> metrics;
  private final NodeVolumes nodeVolumes;
  private final EphemeralVolumes ephemeral;
  private final PoolSnapshots snapshots;
  private final List<BindableService> services;

  /** Done with the exit code, once the process is to end. */
  private final CompletableFuture<Integer> end = new CompletableFuture<>();

  @GuardedBy("this")
  private @Nullable SocketServer registration;

  private Standalone(StandaloneConfig config) {
    this.config = config;
    this.pools = new OpenPools(new OpeningSteps(), PAUSE);
    // The libraries for metrics and HTTP take memory, so they are used where they are asked for.
    this.metrics = config.http().map(_ -> new Metrics(config.version(), pools::ifOpen));
    ExecHost host = new ExecHost(metrics.<ExecHost.Observer>map(m -> m).orElse((_, _, _) -> {}));
    VolumeLocks locks = new VolumeLocks();
    CopyRate rate = new CopyRate(config.copyBytesPerSecond());
    this.snapshots = new PoolSnapshots(pools, host, locks, rate);
    this.nodeVolumes =
        new NodeVolumes(
            pools,
            new NodeConfig(
                config.node(),
                config.maxVolumes(),
                new TargetPaths(config.targetRoots()),
                config.stateDirectory(),
                IoCgroups.find(config.ioCgroup())),
            locks,
            host);
    metrics.ifPresent(m -> m.watchLimits(nodeVolumes::unenforcedLimits));
    PoolVolumes volumes = new PoolVolumes(pools, host, locks, rate, nodeVolumes::limited);
    this.ephemeral = new EphemeralVolumes(nodeVolumes, volumes, config.stateDirectory());
    this.services =
        List.of(
            new IdentityService(DRIVER, config.version(), pools::health),
            new ControllerService(volumes, snapshots),
            new GroupControllerService(snapshots),
            new SnapshotMetadataService(new PoolSnapshotBlocks(pools)),
            new NodeService(nodeVolumes, volumes, ephemeral));
  }

  /**
   * Serves until SIGTERM or SIGINT. Then it stops to accept calls, lets those that run end, removes
   * its sockets and closes the pools.
   *
   * @return the exit code
   * @throws StorageException INVALID if a pool's directory is not that pool, or the cgroup is none
   * @throws IOException if the socket or the HTTP address can't be had
   */
  public static int run(StandaloneConfig config) throws Exception {
    config.pools().forEach(Standalone::requireConfigured);
    Standalone standalone = new Standalone(config);
    return Termination.guard(standalone::serve, () -> standalone.end.complete(ExitCode.OK));
  }

  /** What nobody can mend but who configured it is found before anything is served. */
  private static void requireConfigured(PoolSpec spec) {
    try {
      PoolDirectory.inspect(spec);
    } catch (StorageException e) {
      if (e.reason() == Reason.INVALID) {
        throw e;
      }
      log.debug("left to opening: {}", e.getMessage());
    }
  }

  private int serve() throws IOException {
    log.info("rockpool {} as node \"{}\", pools {}", config.version(), config.node(), poolNames());
    RpcLog calls = new RpcLog(metrics.<RpcObserver>map(m -> m).orElse(RpcObserver.NONE));
    try (HttpEndpoint _ = serveHttp();
        pools;
        nodeVolumes;
        snapshots;
        SocketServer _ = SocketServer.start(config.endpoint(), services, List.of(calls))) {
      pools.start();
      int code = end.join();
      stopRegistration();
      return code;
    } finally {
      log.info("ended");
    }
  }

  private List<String> poolNames() {
    return config.pools().stream().map(spec -> spec.name() + "=" + spec.directory()).toList();
  }

  private @Nullable HttpEndpoint serveHttp() throws IOException {
    return config.http().isEmpty() || metrics.isEmpty()
        ? null
        : HttpEndpoint.start(config.http().get(), metrics.get(), pools::health);
  }

  private final class OpeningSteps implements OpenPools.Steps {
    @Override
    public Pools open() {
      return Pools.open(config.pools(), config.node(), config.maxVolumes());
    }

    @Override
    public void recover(Pools opened) {
      // First, since what is left frozen would hold up whoever looks at it.
      snapshots.recover(opened);
      nodeVolumes.recover();
      ephemeral.recover();
    }

    @Override
    public void opened() {
      log.info("pools are open");
      config.registration().ifPresent(Standalone.this::register);
    }

    @Override
    public void hopeless(StorageException why) {
      log.error("{}", why.getMessage());
      end.complete(ExitCode.of(why));
    }
  }

  /** Once the pools are open, since kubelet asks at once in what topology the node is. */
  private synchronized void register(StandaloneConfig.Registration wanted) {
    if (end.isDone()) {
      return;
    }
    Endpoint endpoint = new Endpoint(wanted.directory().resolve(DRIVER + "-reg.sock"));
    KubeletRegistration service =
        new KubeletRegistration(DRIVER, wanted.csiSocket(), () -> end.complete(ExitCode.FAILED));
    try {
      registration =
          SocketServer.start(endpoint, List.of(service), List.of(new RpcLog(RpcObserver.NONE)));
    } catch (IOException e) {
      log.error("can't register with kubelet: {}", e.getMessage());
      end.complete(ExitCode.FAILED);
    }
  }

  private synchronized void stopRegistration() {
    if (registration != null) {
      registration.stop(REGISTRATION_GRACE);
    }
  }
}
