package dev.rockpool.driver.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.StorageException;
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
  /** The state of what has no record that can be read. */
  static final String ORPHAN = "orphan";

  private static final String SUFFIX = ".json";

  private PoolContents() {}

  /** What has a place of its own in a part of a pool. */
  sealed interface Entry<R> {
    Pool pool();

    String id();
  }

  /** Something with a record, in whatever state. */
  record Known<R>(Pool pool, String id, R record) implements Entry<R> {}

  /**
   * Something that has no record that can be read.
   *
   * @param problem why, for people
   */
  record Orphan<R>(Pool pool, String id, String problem) implements Entry<R> {}

  /** All entries in the order of their ids. */
  static <R> List<Entry<R>> all(Pool pool, PoolPart<R> part) {
    return names(pool, part.directory()).stream().map(name -> entry(pool, part, name)).toList();
  }

  /** What there is under this id. */
  static <R> Optional<Entry<R>> one(Pool pool, PoolPart<R> part, String id) {
    return names(pool, part.directory()).contains(id)
        ? Optional.of(entry(pool, part, id))
        : Optional.empty();
  }

  private static <R> Entry<R> entry(Pool pool, PoolPart<R> part, String name) {
    try {
      return part.find(pool, name)
          .<Entry<R>>map(record -> new Known<>(pool, name, record))
          .orElseGet(() -> new Orphan<>(pool, name, "it has no record"));
    } catch (StorageException e) {
      return new Orphan<>(pool, name, String.valueOf(e.getMessage()));
    }
  }

  /**
   * An entry as programs read it: the fields of its record, and where it is. Of an orphan there are
   * {@code id}, {@code pool}, {@code state} and {@code problem}.
   */
  static <R> ObjectNode json(PoolPart<R> part, Entry<R> entry) {
    return switch (entry) {
      case Known<R>(Pool pool, String _, R record) -> {
        ObjectNode node = Json.MAPPER.valueToTree(record);
        node.put("pool", pool.name().value());
        node.put("path", part.path(pool, record).toString());
        yield node;
      }
      case Orphan<R>(Pool pool, String id, String problem) ->
          Json.MAPPER
              .createObjectNode()
              .put("id", id)
              .put("pool", pool.name().value())
              .put("state", ORPHAN)
              .put("problem", problem);
    };
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
