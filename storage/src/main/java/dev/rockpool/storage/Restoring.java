package dev.rockpool.storage;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.CommandException;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Gives new volumes the content of snapshots, or of other volumes as they are now. */
final class Restoring {
  /** Longer than anybody waits: a tree is copied as fast as it can be. */
  static final Duration TREE_LIMIT = Duration.ofDays(7);

  private final Host host;
  private final Stillness stillness;
  private final ImageCopy copy;
  private final ImageForks forks = new ImageForks();

  Restoring(Host host, Stillness stillness, CopyRate rate) {
    this.host = host;
    this.stillness = stillness;
    this.copy = new ImageCopy(rate);
  }

  /**
   * What a new volume is to be like, since its source is.
   *
   * @param pool that holds the source, and will hold the volume
   * @param contents what it consists of
   * @param sizeBytes that it has at least
   * @param sectorBytes logical sector size of its device
   */
  record Origin(Pool pool, Contents contents, long sizeBytes, int sectorBytes) {}

  /**
   * What the source is.
   *
   * @throws StorageException NOT_FOUND if there is none; PRECONDITION if it is not ready
   */
  static Origin origin(Pools pools, VolumeSource source) {
    return switch (source) {
      case VolumeSource.OfSnapshot(SnapshotId id) -> {
        Pools.FoundSnapshot found = snapshot(pools, id);
        SnapshotRecord record = found.record();
        yield new Origin(found.pool(), record.contents(), record.sizeBytes(), record.sectorBytes());
      }
      case VolumeSource.OfVolume(VolumeId id) -> {
        Pools.Found found = volume(pools, id);
        VolumeRecord record = found.record();
        yield new Origin(
            found.pool(), record.contents(), record.capacityBytes(), record.sectorBytes());
      }
    };
  }

  private static Pools.FoundSnapshot snapshot(Pools pools, SnapshotId id) {
    Pools.FoundSnapshot found =
        pools
            .visibleSnapshot(id)
            .orElseThrow(() ->
                StorageException.notFound("volume_content_source: no snapshot \"" + id + "\""));
    if (!found.record().ready()) {
      throw StorageException.precondition(
          "volume_content_source: snapshot \"" + id + "\" is still being copied, try again");
    }
    return found;
  }

  private static Pools.Found volume(Pools pools, VolumeId id) {
    return pools
        .ready(id)
        .orElseThrow(
            () -> StorageException.notFound("volume_content_source: no volume \"" + id + "\""));
  }

  /**
   * Puts the source's content into the volume, which is being created. What was interrupted begins
   * again, but a copy of a snapshot, which goes on.
   */
  void fill(Pools pools, Pool pool, VolumeRecord volume, VolumeSource source) throws IOException {
    switch (source) {
      case VolumeSource.OfSnapshot(SnapshotId id) -> fill(pool, volume, snapshot(pools, id));
      case VolumeSource.OfVolume(VolumeId id) -> fill(pool, volume, volume(pools, id));
    }
  }

  private void fill(Pool pool, VolumeRecord volume, Pools.FoundSnapshot snapshot)
      throws IOException {
    SnapshotId id = snapshot.record().id();
    try (var _ =
        pool.use(id, true)
            .orElseThrow(() -> StorageException.busy("snapshot \"" + id + "\" is being deleted"))) {
      if (!volume.contents().image()) {
        copyTree(pool.layout().data(id), pool.data(volume.id()));
        return;
      }
      ImageForks.Fork fork = new ImageForks.Fork(pool.layout().image(id), pool.image(volume.id()));
      long copied = volume.copiedBytes();
      long size = snapshot.record().sizeBytes();
      if (copied > 0 && Files.exists(fork.to()) && Files.size(fork.to()) >= size) {
        // Once it is whole its filesystem may have been grown: it is not copied over again.
        if (copied < size) {
          copy(pool, volume, fork, copied);
        }
      } else if (!forks.shareConstant(fork)) {
        copy(pool, volume, fork, 0);
      }
    }
  }

  private void fill(Pool pool, VolumeRecord volume, Pools.Found source) throws IOException {
    ImageForks.Fork fork =
        new ImageForks.Fork(pool.image(source.record().id()), pool.image(volume.id()));
    Optional<Pool.UseLock> idle = Optional.empty();
    try (Stillness.Held held = stillness.hold(List.of(source))) {
      if (volume.contents().image() && forks.share(held, List.of(fork)).isPresent()) {
        return;
      }
      if (held.inUse()) {
        forks.copyHeld(held, fork);
        return;
      }
      // Held on to while it is copied, so that nobody writes it meanwhile.
      idle = pool.use(source.record(), Access.READ_ONLY);
    }
    try (var _ = idle.orElseThrow()) {
      if (volume.contents().image()) {
        copy.copy(fork.image(), fork.to(), 0, _ -> {});
      } else {
        copyTree(pool.data(source.record().id()), pool.data(volume.id()));
      }
    }
  }

  private void copy(Pool pool, VolumeRecord volume, ImageForks.Fork fork, long from)
      throws IOException {
    copy.copy(
        fork.image(),
        fork.to(),
        from,
        bytes -> pool.volumes().update(volume.id(), now -> now.withCopied(bytes)));
  }

  /** Copies a directory with all that is in it, sharing blocks where the filesystem can. */
  void copyTree(Path from, Path to) throws IOException {
    Attempt attempt = Attempt.at(to);
    String copy = attempt.path().toString();
    try {
      host.run(
          Command.of("cp", "-a", "--reflink=auto", "-T", from.toString(), copy).within(TREE_LIMIT));
      // One command makes lasting what every file of the tree has.
      host.run(Command.of("sync", "--file-system", copy).within(TREE_LIMIT));
    } catch (CommandException e) {
      throw e.meaning();
    }
    attempt.finish();
  }
}
