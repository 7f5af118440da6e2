package dev.rockpool.driver.standalone;

import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolSpec;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How the driver runs as one process.
 *
 * @param version of this program
 * @param pools that it opens, at least one
 * @param node that it is
 * @param endpoint where it serves
 * @param maxVolumes how many volumes the node can hold; 0 = no limit
 * @param http where it serves metrics and health; empty = nowhere
 * @param registration how it tells kubelet of itself; empty = it doesn't
 * @param stateDirectory where it remembers what is staged: lost with a reboot, as the mounts are
 * @param targetRoots below which requests may name paths
 * @param ioCgroup in which users of volumes are limited whose target is none of kubelet's; empty =
 *     nowhere
 * @param copyBytesPerSecond of all copies of images together
 */
public record StandaloneConfig(
    String version,
    List<PoolSpec> pools,
    NodeId node,
    Endpoint endpoint,
    int maxVolumes,
    Optional<InetSocketAddress> http,
    Optional<Registration> registration,
    Path stateDirectory,
    List<Path> targetRoots,
    Optional<Path> ioCgroup,
    long copyBytesPerSecond) {

  public StandaloneConfig {
    pools = List.copyOf(pools);
    targetRoots = List.copyOf(targetRoots);
  }

  /**
   * How kubelet hears of the driver.
   *
   * @param directory kubelet's plugins_registry
   * @param csiSocket the CSI socket, as kubelet sees it
   */
  public record Registration(Path directory, Path csiSocket) {}
}
