package dev.rockpool.node;

import com.fasterxml.jackson.core.JacksonException;
import dev.rockpool.storage.AtomicFiles;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's memory of what it has staged: a file for each volume, in a directory that need not
 * outlive the machine's run.
 */
final class StagedVolumes {
  private static final Logger log = LoggerFactory.getLogger(StagedVolumes.class);
  private static final String SUFFIX = ".json";

  private final Path directory;
  private final ConcurrentMap<VolumeId, StagedVolume> staged = new ConcurrentHashMap<>();

  StagedVolumes(Path directory) {
    this.directory = directory;
  }

  /** Reads what an earlier process has written. */
  void load() {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
        for (Path file : files) {
          load(file);
        }
      }
    } catch (IOException e) {
      throw StorageException.of("can't read the node's state in " + directory, e);
    }
  }

  private void load(Path file) throws IOException {
    try {
      StagedVolume volume = Json.MAPPER.readValue(Files.readAllBytes(file), StagedVolume.class);
      staged.put(volume.volume(), volume);
    } catch (JacksonException e) {
      log.warn("{} can't be read and is left alone: {}", file, e.getOriginalMessage());
    }
  }

  Optional<StagedVolume> find(VolumeId id) {
    return Optional.ofNullable(staged.get(id));
  }

  List<StagedVolume> all() {
    return List.copyOf(staged.values());
  }

  void save(StagedVolume volume) {
    try {
      AtomicFiles.replaceForNow(file(volume.volume()), Json.MAPPER.writeValueAsBytes(volume));
    } catch (IOException e) {
      throw StorageException.of("can't write the node's state in " + directory, e);
    }
    staged.put(volume.volume(), volume);
  }

  void remove(VolumeId id) {
    try {
      Files.deleteIfExists(file(id));
    } catch (IOException e) {
      throw StorageException.of("can't write the node's state in " + directory, e);
    }
    staged.remove(id);
  }

  private Path file(VolumeId id) {
    return directory.resolve(id + SUFFIX);
  }
}
