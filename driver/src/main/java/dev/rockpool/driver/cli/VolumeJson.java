package dev.rockpool.driver.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.VolumeRecord;
import java.nio.file.Path;

/**
 * A volume as programs read it: the fields of its record, and where it is. Of an orphan there are
 * {@code id}, {@code pool}, {@code state} and {@code problem}.
 */
final class VolumeJson {
  /** The state of what has no record that can be read. */
  static final String ORPHAN = "orphan";

  private VolumeJson() {}

  static ObjectNode of(PoolContents.Entry entry) {
    return switch (entry) {
      case PoolContents.Known(Pool pool, VolumeRecord record) -> {
        ObjectNode node = Json.MAPPER.valueToTree(record);
        node.put("pool", pool.name().value());
        node.put("path", path(pool, record).toString());
        yield node;
      }
      case PoolContents.Orphan(Pool pool, String id, String problem) ->
          Json.MAPPER
              .createObjectNode()
              .put("id", id)
              .put("pool", pool.name().value())
              .put("state", ORPHAN)
              .put("problem", problem);
    };
  }

  /** The image or the directory that the volume is served from. */
  static Path path(Pool pool, VolumeRecord record) {
    return record.contents().image() ? pool.image(record.id()) : pool.data(record.id());
  }
}
