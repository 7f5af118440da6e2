package dev.rockpool.driver.cli;

import dev.rockpool.storage.Pool;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeRecord;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Everything in a pool, what a driver would not serve included. */
final class PoolContents {
  private static final String SUFFIX = ".json";

  private PoolContents() {}

  /** What has a place of its own among the pool's volumes. */
  sealed interface Entry {
    Pool pool();

    String id();
  }

  /** A volume, in whatever state. */
  record Known(Pool pool, VolumeRecord record) implements Entry {
    @Override
    public String id() {
      return record.id().value();
    }
  }

  /**
   * Something that has no record that can be read.
   *
   * @param problem why, for people
   */
  record Orphan(Pool pool, String id, String problem) implements Entry {}

  /** All entries in the order of their ids. */
  static List<Entry> volumes(Pool pool) {
    return names(pool, "volumes").stream().map(name -> entry(pool, name)).toList();
  }

  /** What there is under this id. */
  static Optional<Entry> volume(Pool pool, VolumeId id) {
    return names(pool, "volumes").contains(id.value())
        ? Optional.of(entry(pool, id.value()))
        : Optional.empty();
  }

  private static Entry entry(Pool pool, String name) {
    try {
      return pool.find(VolumeId.parse(name))
          .<Entry>map(record -> new Known(pool, record))
          .orElseGet(() -> new Orphan(pool, name, "it has no record"));
    } catch (StorageException e) {
      return new Orphan(pool, name, String.valueOf(e.getMessage()));
    }
  }

  /** The ids of the nodes that open the pool, or have opened it. */
  static List<String> nodes(Pool pool) {
    return names(pool, "nodes").stream()
        .filter(name -> name.endsWith(SUFFIX))
        .map(name -> name.substring(0, name.length() - SUFFIX.length()))
        .toList();
  }

  private static List<String> names(Pool pool, String part) {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(pool.directory().resolve(part))) {
      files.forEach(file -> names.add(String.valueOf(file.getFileName())));
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw StorageException.of("can't read pool \"" + pool.name() + "\"", e);
    }
    names.sort(null);
    return names;
  }
}
