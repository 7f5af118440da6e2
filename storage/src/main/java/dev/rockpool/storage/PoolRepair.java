package dev.rockpool.storage;

import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Mends what was found in a pool, under the locks that a driver takes for the same work. */
final class PoolRepair {
  private static final Set<PosixFilePermission> OWNER =
      EnumSet.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  private final PoolLayout layout;
  private final PoolUsers users;
  private final LocalUse local;
  private final List<Part<?, ?>> parts;

  PoolRepair(PoolLayout layout, PoolUsers users, Host host) {
    this.layout = layout;
    this.users = users;
    this.local = new LocalUse(layout, host);
    this.parts =
        List.of(
            new Part<>(
                new VolumeStore(layout, () -> true),
                record -> record.state() == VolumeRecord.State.DELETING,
                record -> record.withState(VolumeRecord.State.DELETING),
                VolumeRecord::attachments),
            new Part<>(
                new SnapshotStore(layout, () -> true),
                record -> record.state() == SnapshotRecord.State.DELETING,
                record -> record.withState(SnapshotRecord.State.DELETING),
                _ -> List.of()),
            new Part<>(
                new GroupStore(layout, () -> true),
                record -> record.state() == GroupRecord.State.DELETING,
                record -> record.withState(GroupRecord.State.DELETING, record.createdAt()),
                _ -> List.of()));
  }

  /** The directories of one kind, and what their records say of a deletion. */
  private record Part<I extends Comparable<I>, R>(
      RecordStore<I, R> store,
      Predicate<R> deleting,
      UnaryOperator<R> mark,
      Function<R, List<Attachment>> holders) {}

  /** Something to do with one directory. */
  private interface Action {
    <I extends Comparable<I>, R> String run(Part<I, R> part, I id) throws IOException;
  }

  /**
   * Mends what can be mended without loss, if it still is as it was found.
   *
   * @return what was done
   * @throws StorageException if it is not done, with the reason
   */
  String repair(Finding finding) {
    Path path = layout.root().resolve(finding.place());
    try {
      return switch (finding.kind()) {
        case DIRECTORY_MISSING -> {
          AtomicFiles.ensureDirectory(path);
          yield "made " + path;
        }
        case PERMISSIONS -> restrict(path);
        case OWNER -> own(path);
        case TEMPORARY_FILE -> removeTemporary(path);
        case MOUNT_POINT -> removeMountPoint(path);
        case DIRECTORY_WITHOUT_RECORD -> inDirectory(path, this::sweep);
        case DELETING_INTERRUPTED -> inDirectory(path, this::finishDelete);
        default -> throw new IllegalArgumentException(finding.id() + " can't be repaired");
      };
    } catch (IOException e) {
      throw StorageException.of("can't repair " + path, e);
    }
  }

  /**
   * Deletes what the finding is about, with all its data, if nobody uses it.
   *
   * @return what was done
   * @throws StorageException if it is not done, with the reason
   */
  String giveUp(Finding finding) {
    Path path = layout.root().resolve(finding.place());
    try {
      return inDirectory(path, this::giveUp);
    } catch (IOException e) {
      throw StorageException.of("can't delete " + path, e);
    }
  }

  private static String restrict(Path path) throws IOException {
    Set<PosixFilePermission> permissions =
        EnumSet.copyOf(Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
    permissions.retainAll(OWNER);
    Files.setPosixFilePermissions(path, permissions);
    return "took the permissions of group and others from " + path;
  }

  private String own(Path path) throws IOException {
    int owner = Stat.of(layout.poolRecord()).orElseThrow().owner();
    Files.setAttribute(path, "unix:uid", owner, LinkOption.NOFOLLOW_LINKS);
    return "gave " + path + " to user " + owner;
  }

  private String removeTemporary(Path path) throws IOException {
    Path directory = path.resolveSibling(".").normalize();
    boolean ofRecord =
        parts.stream().anyMatch(part -> part.store().kind().parent().equals(directory.getParent()));
    if (ofRecord) {
      // Held by whoever writes it.
      boolean attempt = Attempt.isOne(String.valueOf(path.getFileName()));
      try (var _ =
          FileLocks.await(
              directory.resolve(attempt ? PoolLayout.USE_LOCK : PoolLayout.RECORD_LOCK))) {
        AtomicFiles.deleteTree(path);
      }
    } else {
      // Who opens the pool writes it, which takes no minute.
      boolean settled = !users.inUse() || Stat.of(path).filter(PoolLook::isOld).isPresent();
      if (!settled) {
        throw StorageException.precondition(path + " is being written now");
      }
      Files.deleteIfExists(path);
    }
    return "removed " + path;
  }

  private static String removeMountPoint(Path path) throws IOException {
    if (MountTable.read().at(path).isPresent()) {
      throw StorageException.precondition(
          "a filesystem is mounted at " + path + "; unmount it first");
    }
    Files.deleteIfExists(path);
    return "removed " + path;
  }

  private String inDirectory(Path directory, Action action) throws IOException {
    for (Part<?, ?> part : parts) {
      if (part.store().kind().parent().equals(directory.getParent())) {
        return run(part, String.valueOf(directory.getFileName()), action);
      }
    }
    throw new IllegalArgumentException(directory + " is in none of the pool's parts");
  }

  private static <I extends Comparable<I>, R> String run(
      Part<I, R> part, String name, Action action) throws IOException {
    return action.run(part, part.store().kind().parse().apply(name));
  }

  /** Taken as a driver takes it to make, use or remove it. */
  private static <I extends Comparable<I>> FileLocks.Handle take(RecordStore<I, ?> store, I id)
      throws IOException {
    return FileLocks.tryLock(store.kind().useLock(id), false)
        .orElseThrow(() ->
            StorageException.precondition(
                store.name(id)
                    + " is in use: a driver serves it, or is making, copying or removing it"));
  }

  private <I extends Comparable<I>, R> String sweep(Part<I, R> part, I id) throws IOException {
    RecordStore.Kind<I, R> kind = part.store().kind();
    Path directory = kind.directory(id);
    try (var _ = take(part.store(), id)) {
      Files.deleteIfExists(directory.resolve(PoolLayout.MOUNT_POINT));
      part.store().sweep(id);
    }
    if (Files.exists(directory)) {
      throw StorageException.precondition(directory + " is not empty, or has a record now");
    }
    AtomicFiles.sync(kind.parent());
    return "removed " + directory;
  }

  private <I extends Comparable<I>, R> String finishDelete(Part<I, R> part, I id)
      throws IOException {
    try (var _ = take(part.store(), id)) {
      requireUnused(part.store(), id);
      var _ =
          part.store()
              .update(
                  id,
                  now -> {
                    if (!part.deleting().test(now)) {
                      throw StorageException.precondition(
                          part.store().name(id) + " is not being deleted any more");
                    }
                    return now;
                  });
      return "went on deleting " + part.store().name(id) + ": " + remove(part.store(), id);
    }
  }

  private <I extends Comparable<I>, R> String giveUp(Part<I, R> part, I id) throws IOException {
    RecordStore<I, R> store = part.store();
    try (var _ = take(store, id)) {
      requireUnused(store, id);
      if (isReadable(store, id)) {
        store.mark(
            id,
            now -> {
              List<Attachment> holders = part.holders().apply(now);
              if (!holders.isEmpty()) {
                throw StorageException.precondition(
                    store.name(id)
                        + " is published to "
                        + holders.stream().map(Attachment::node).toList()
                        + "; unpublish it first, or release these nodes");
              }
              return part.mark().apply(now);
            });
      }
      return "gave up " + store.name(id) + ": " + remove(store, id);
    }
  }

  private static <I extends Comparable<I>> boolean isReadable(RecordStore<I, ?> store, I id) {
    try {
      return store.find(id).isPresent();
    } catch (StorageException e) {
      return false;
    }
  }

  private static <I extends Comparable<I>> String remove(RecordStore<I, ?> store, I id)
      throws IOException {
    Path directory = store.kind().directory(id);
    Path image = directory.resolve(PoolLayout.IMAGE);
    Optional<Stat> had = Stat.of(image);
    Files.deleteIfExists(directory.resolve(PoolLayout.MOUNT_POINT));
    VolumeContents.remove(image);
    VolumeContents.remove(directory.resolve(PoolLayout.DATA));
    store.remove(id);
    return "removed "
        + directory
        + had.map(stat -> ", with an image of " + stat.bytes() + " bytes").orElse("");
  }

  /** That nothing on this machine uses it, whatever the locks say. */
  private void requireUnused(RecordStore<?, ?> store, Comparable<?> id) throws IOException {
    Optional<String> use = local.of(store.kind().parent().resolve(id.toString()));
    if (use.isPresent()) {
      throw StorageException.precondition(use.get());
    }
  }
}
