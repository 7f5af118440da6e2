package dev.rockpool.driver.cli;

import dev.rockpool.driver.log.Logging;
import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.driver.standalone.Standalone;
import dev.rockpool.driver.standalone.StandaloneConfig;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.CopyRate;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.StorageException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Serves volumes as one process. */
@Command(
    name = "standalone",
    mixinStandardHelpOptions = true,
    abbreviateSynopsis = true,
    optionListHeading = "%n",
    sortOptions = false,
    description = {
      "Serves every CSI service on one unix socket, over pools of this machine.",
      "",
      "All that there is to know about volumes is in the pools: no database, no API server. Several of these on nodes that share a filesystem serve the same shared pool, each with a --node-id of its own.",
      "",
      "The socket is served at once; a probe says ready once the pools are open. SIGTERM and SIGINT let running calls end, for at most 20 s, and remove the socket; volumes in use stay in use."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:ended by SIGTERM or SIGINT",
      " 1:a pool or the socket is in use by another process, or kubelet refused the registration",
      " 2:a flag, a variable or a pool's configuration is wrong"
    },
    footer = {
      "",
      "Environment:",
      "  CSI_ENDPOINT     as --endpoint",
      "  ROCKPOOL_POOLS   as --pool; several with blanks or semicolons between",
      "  ROCKPOOL_HEAP    limit of the heap, such as 64m (default: 32m)",
      "",
      "Examples:",
      "  rockpool standalone --pool default=/var/lib/rockpool/default \\",
      "      --endpoint unix:///run/rockpool/csi.sock",
      "  rockpool standalone --pool default=/srv/ssd,limit=200Gi --pool team=/mnt/cephfs \\",
      "      --node-id worker-3 --endpoint unix:///csi/csi.sock --http :9810"
    })
final class StandaloneCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec command;
  @Mixin private final PoolsOption pools;
  @Mixin private final EndpointOption endpoint;

  @Option(
      names = "--node-id",
      paramLabel = "ID",
      description =
          "What this node is called; unique among those that share a pool, and the same after every restart (default: the hostname).")
  private Optional<NodeId> node = Optional.empty();

  @Option(
      names = "--max-volumes",
      paramLabel = "N",
      description = "How many volumes the node can hold at once (default: 0, no limit).")
  private int maxVolumes;

  @Option(
      names = "--target-root",
      paramLabel = "DIR",
      description = "Volumes are mounted below this directory only. May be repeated (default: /).")
  private List<Path> targetRoots = List.of(Path.of("/"));

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      description =
          "Where the node remembers what is staged; its contents may go with a reboot, not before (default: /run/rockpool/ and the node's id).")
  private Optional<Path> stateDirectory = Optional.empty();

  @Option(
      names = "--io-cgroup",
      paramLabel = "DIR",
      description =
          "The cgroup, such as /sys/fs/cgroup/users.slice, whose processes use the volumes: the volumes' I/O limits are set in it. Pods under kubelet need none, theirs are found (default: none; limits of other users are recorded, not enforced).")
  private Optional<Path> ioCgroup = Optional.empty();

  @Option(
      names = "--copy-rate",
      paramLabel = "SIZE",
      description =
          "Bytes that are copied in a second at most, for snapshots and clones in pools whose filesystem has no reflinks; all copies share them (default: 200Mi).")
  private Optional<String> copyRate = Optional.empty();

  @Option(
      names = "--http",
      paramLabel = "[ADDRESS:]PORT",
      description =
          "Serve /metrics, /healthz and /readyz here; the address is 127.0.0.1 if none is given (default: nowhere).")
  private Optional<InetSocketAddress> http = Optional.empty();

  @Option(
      names = "--kubelet-registration",
      paramLabel = "DIR",
      description =
          "Register with kubelet through a socket in this directory, its plugins_registry; no registrar is needed then (default: don't).")
  private Optional<Path> registrationDirectory = Optional.empty();

  @Option(
      names = "--kubelet-endpoint",
      paramLabel = "PATH",
      description =
          "The path of the CSI socket as kubelet sees it, with --kubelet-registration (default: the path of --endpoint).")
  private Optional<Path> kubeletEndpoint = Optional.empty();

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      description = "error, warn, info, debug or trace (default: info).")
  private Level verbosity = Level.INFO;

  StandaloneCommand(Map<String, String> environment) {
    this.pools = new PoolsOption(environment);
    this.endpoint = new EndpointOption(environment);
  }

  @Override
  public Integer call() throws Exception {
    if (maxVolumes < 0) {
      throw Wrong.usage(command, "--max-volumes " + maxVolumes + " is negative");
    }
    if (kubeletEndpoint.isPresent() && registrationDirectory.isEmpty()) {
      throw Wrong.usage(command, "--kubelet-endpoint is of no use without --kubelet-registration");
    }
    Logging.use(verbosity);
    Endpoint socket = endpoint.get();
    NodeId id = node.orElseGet(Hostname::asNodeId);
    return Standalone.run(
        new StandaloneConfig(
            Version.current(),
            pools.specs(),
            id,
            socket,
            maxVolumes,
            http,
            registrationDirectory.map(directory ->
                new StandaloneConfig.Registration(
                    directory, kubeletEndpoint.orElse(socket.path()))),
            stateDirectory.orElseGet(() -> Path.of("/run/rockpool", id.value())),
            targetRoots,
            ioCgroup,
            copyRate.map(this::bytes).orElse(CopyRate.DEFAULT_BYTES_PER_SECOND)));
  }

  private long bytes(String text) {
    try {
      long bytes = ByteSize.parse(text);
      if (bytes > 0) {
        return bytes;
      }
    } catch (StorageException e) {
      throw Wrong.usage(command, "--copy-rate: " + e.getMessage());
    }
    throw Wrong.usage(command, "--copy-rate " + text + ": nothing would ever be copied");
  }
}
