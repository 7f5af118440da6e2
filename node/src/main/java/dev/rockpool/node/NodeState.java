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
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's memory of one kind of thing: a file for each volume, in a directory that need not
 * outlive the machine's run. Several kinds share the directory, each with a suffix of its own.
 *
 * @param <T> what is remembered of a volume
 */
final class NodeState<T> {
  private static final Logger log = LoggerFactory.getLogger(NodeState.class);

  private final Path directory;
  private final String suffix;
  private final Class<T> type;
  private final Function<T, VolumeId> volume;
  private final ConcurrentMap<VolumeId, T> known = new ConcurrentHashMap<>();

  private NodeState(Path directory, String suffix, Class<T> type, Function<T, VolumeId> volume) {
    this.directory = directory;
    this.suffix = suffix;
    this.type = type;
    this.volume = volume;
  }

  /** What is staged, and published from there. */
  static NodeState<StagedVolume> staged(Path directory) {
    return new NodeState<>(directory, ".json", StagedVolume.class, StagedVolume::volume);
  }

  /** What was made for a pod. */
  static NodeState<EphemeralVolume> ephemeral(Path directory) {
    return new NodeState<>(directory, ".ephemeral", EphemeralVolume.class, EphemeralVolume::volume);
  }

  /** Where limits stand. */
  static NodeState<ThrottledVolume> throttled(Path directory) {
    return new NodeState<>(directory, ".limits", ThrottledVolume.class, ThrottledVolume::volume);
  }

  /** Reads what an earlier process has written. */
  void load() {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + suffix)) {
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
      T value = Json.MAPPER.readValue(Files.readAllBytes(file), type);
      known.put(volume.apply(value), value);
    } catch (JacksonException e) {
      log.warn("{} can't be read and is left alone: {}", file, e.getOriginalMessage());
    }
  }

  Optional<T> find(VolumeId id) {
    return Optional.ofNullable(known.get(id));
  }

  List<T> all() {
    return List.copyOf(known.values());
  }

  void save(T value) {
    VolumeId id = volume.apply(value);
    try {
      AtomicFiles.replaceForNow(file(id), Json.MAPPER.writeValueAsBytes(value));
    } catch (IOException e) {
      throw StorageException.of("can't write the node's state in " + directory, e);
    }
    known.put(id, value);
  }

  /**
   * Remembers less of the volume than before. Where the disk is full its file says more than there
   * is, as after a power cut, which the mount table sets right.
   */
  void reduce(T value) {
    try {
      save(value);
    } catch (StorageException e) {
      if (e.reason() != StorageException.Reason.EXHAUSTED) {
        throw e;
      }
      log.warn("{}", e.getMessage());
      known.put(volume.apply(value), value);
    }
  }

  void remove(VolumeId id) {
    try {
      Files.deleteIfExists(file(id));
    } catch (IOException e) {
      throw StorageException.of("can't write the node's state in " + directory, e);
    }
    known.remove(id);
  }

  private Path file(VolumeId id) {
    return directory.resolve(id + suffix);
  }
}
