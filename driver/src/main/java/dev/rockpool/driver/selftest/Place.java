package dev.rockpool.driver.selftest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where one node uses a volume.
 *
 * @param directory that holds the other two, and is made for them
 * @param staging a directory, which the orchestrator makes (CSI: staging_target_path)
 * @param target which the driver makes (CSI: target_path)
 */
record Place(Path directory, Path staging, Path target) {

  static Place in(Path directory) {
    return new Place(directory, directory.resolve("staging"), directory.resolve("target"));
  }

  void make() throws IOException {
    Files.createDirectories(staging);
  }

  /**
   * Removes the directories, which must be empty: nothing is deleted that might be on a volume.
   *
   * @throws IOException if the driver left something there
   */
  void remove() throws IOException {
    if (Files.exists(target)) {
      throw new IOException("the driver left " + target);
    }
    Files.deleteIfExists(staging);
    Files.deleteIfExists(directory);
  }
}
