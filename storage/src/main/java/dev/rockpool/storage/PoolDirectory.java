package dev.rockpool.storage;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Makes directories pools, and tells which pool a directory is. Nothing here opens one. */
public final class PoolDirectory {
  private PoolDirectory() {}

  /**
   * Makes the directory a pool. It is made if it is missing, and must be empty otherwise; one that
   * is this very pool already stays as it is.
   *
   * @throws StorageException INVALID if it holds something else; ALREADY_EXISTS if it is another
   *     pool; FAILED if the filesystem refuses
   */
  public static PoolRecord init(PoolName name, Path directory, PoolKind kind) {
    PoolLayout layout = new PoolLayout(directory);
    try {
      if (Files.exists(layout.poolRecord())) {
        PoolRecord there = read(layout);
        if (there.name().equals(name) && there.kind() == kind) {
          return there;
        }
        throw new StorageException(
            StorageException.Reason.ALREADY_EXISTS,
            directory
                + " is the "
                + there.kind().label()
                + " pool \""
                + there.name()
                + "\" already");
      }
      requireEmpty(directory);
      Files.createDirectories(directory, AtomicFiles.OWNER_DIRECTORY);
      for (Path part :
          List.of(layout.volumes(), layout.snapshots(), layout.groups(), layout.nodes())) {
        AtomicFiles.ensureDirectory(part);
      }
      PoolRecord made =
          new PoolRecord(
              PoolRecord.FORMAT_VERSION,
              UUID.randomUUID().toString(),
              name,
              kind,
              Instant.now().truncatedTo(ChronoUnit.SECONDS));
      AtomicFiles.replace(layout.poolRecord(), Json.bytes(made));
      return made;
    } catch (IOException e) {
      throw StorageException.of("can't make a pool of " + directory, e);
    }
  }

  private static void requireEmpty(Path directory) throws IOException {
    List<String> strangers = new ArrayList<>();
    // What an interrupted init leaves, and what mkfs.ext4 makes.
    List<String> harmless =
        List.of("volumes", "snapshots", "groups", "nodes", "lost+found", "pool.json.tmp");
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      entries.forEach(entry -> strangers.add(String.valueOf(entry.getFileName())));
    } catch (NoSuchFileException e) {
      return;
    }
    strangers.removeAll(harmless);
    if (!strangers.isEmpty()) {
      throw StorageException.invalid(
          directory
              + " is not empty (it has \""
              + strangers.getFirst()
              + "\"): a pool is made in an empty directory, or in one that does not exist yet");
    }
  }

  /**
   * What kind of pool the directory is.
   *
   * @throws StorageException INVALID if it is none; UNAVAILABLE if that can't be read
   */
  public static PoolRecord inspect(PoolSpec spec) {
    PoolRecord record;
    try {
      record = read(new PoolLayout(spec.directory()));
    } catch (NoSuchFileException e) {
      throw StorageException.invalid(
          spec.directory()
              + " is not a pool: it has no pool.json. If its filesystem is not mounted"
              + " yet, mount it; to make a new pool: rockpool pool init --pool "
              + spec.name()
              + "="
              + spec.directory());
    } catch (IOException e) {
      throw new StorageException(
          StorageException.Reason.UNAVAILABLE,
          "pool \"" + spec.name() + "\" can't be read: " + e.getMessage(),
          e);
    }
    if (!record.name().equals(spec.name())) {
      throw StorageException.invalid(
          spec.directory() + " is the pool \"" + record.name() + "\", not \"" + spec.name() + "\"");
    }
    return record;
  }

  static PoolRecord read(PoolLayout layout) throws IOException {
    return Json.read(layout.poolRecord(), PoolRecord.class, PoolRecord.FORMAT_VERSION);
  }
}
