package dev.rockpool.driver.selftest;

import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.storage.Contents;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is tried, and where.
 *
 * @param endpoint of the driver, on this machine and in this mount namespace
 * @param secondEndpoint of a driver that is another node of the same shared pool; empty = none
 * @param workDirectory where volumes are staged and published
 * @param contents the kinds of volume, in order
 * @param parameters of CreateVolume, as a StorageClass has them
 */
public record SelftestConfig(
    Endpoint endpoint,
    Optional<Endpoint> secondEndpoint,
    Path workDirectory,
    List<Contents> contents,
    Map<String, String> parameters) {

  public SelftestConfig {
    contents = List.copyOf(contents);
    parameters = Map.copyOf(parameters);
  }
}
