package dev.rockpool.driver.cli;

import dev.rockpool.storage.Pool;
import dev.rockpool.storage.StorageException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One kind of what pools hold: how it is found, and how it is shown.
 *
 * @param <R> its records
 */
interface PoolPart<R> {
  /** What one of them is called. */
  String noun();

  /** The directory of a pool that holds them, each in one of its own. */
  String directory();

  /**
   * The record with this id, in whatever state.
   *
   * @throws StorageException if there is one that can't be read, or it can't be an id
   */
  Optional<R> find(Pool pool, String id);

  /** Where its content is. */
  Path path(Pool pool, R record);

  /** Headings of a table, after those of its id and its pool. */
  List<String> columns();

  /** What stands below the headings. */
  List<String> cells(R record);

  /** Tells all that there is to tell, after its id and its pool. */
  void describe(Pool pool, R record, Details details);
}
