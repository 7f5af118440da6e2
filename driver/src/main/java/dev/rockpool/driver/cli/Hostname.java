package dev.rockpool.driver.cli;

import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The machine's name, as a node id. */
final class Hostname {
  private static final Path FILE = Path.of("/proc/sys/kernel/hostname");

  private Hostname() {}

  /**
   * @throws StorageException INVALID if the machine has a name that can't be a node id
   */
  static NodeId asNodeId() {
    try {
      return NodeId.parse(Files.readString(FILE).strip());
    } catch (IOException e) {
      throw StorageException.of("can't read the hostname", e);
    }
  }
}
