package dev.rockpool.storage;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.CommandException;
import dev.rockpool.storage.host.Descriptor;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes and grows what volumes consist of. Nothing here ever formats a volume that was ready. */
final class VolumeContents {
  private static final Logger log = LoggerFactory.getLogger(VolumeContents.class);
  private static final Duration MKFS_LIMIT = Duration.ofMinutes(10);

  private final Host host;
  private final Restoring restoring;
  private final FilesystemRenewal renewal;

  VolumeContents(Host host, Restoring restoring, FilesystemRenewal renewal) {
    this.host = host;
    this.restoring = restoring;
    this.renewal = renewal;
  }

  /**
   * Makes the contents of a volume that is being created, from the beginning; when this returns
   * they are lasting.
   *
   * @param pools where its source is, if it has one
   * @return whether its users can't write more than its capacity
   */
  boolean make(Pools pools, Pool pool, VolumeRecord volume) throws IOException {
    if (volume.state() != VolumeRecord.State.CREATING) {
      throw new IllegalStateException("only a volume that is being created gets new contents");
    }
    if (volume.source().isPresent()) {
      renewal.clear(pool.layout().mountPoint(volume.id()));
      restoring.fill(pools, pool, volume, volume.source().get());
    }
    boolean enforced =
        volume.contents() == Contents.DIRECTORY
            ? makeDirectory(pool, volume)
            : volume.source().isPresent() ? adoptImage(pool, volume) : makeImage(pool, volume);
    AtomicFiles.sync(pool.layout().directory(volume.id()));
    return enforced;
  }

  private boolean makeDirectory(Pool pool, VolumeRecord volume) throws IOException {
    Path data = pool.data(volume.id());
    if (!Files.isDirectory(data)) {
      Files.createDirectory(data);
    }
    return new DirectoryQuota(host).set(pool, data, volume.capacityBytes());
  }

  /** Makes the image that came from the volume's source one of its own. */
  private boolean adoptImage(Pool pool, VolumeRecord volume) throws IOException {
    Attempt attempt = Attempt.at(pool.image(volume.id()));
    attempt.take();
    Path image = attempt.path();
    extend(volume, image, volume.capacityBytes());
    if (volume.allocation() == Allocation.THICK) {
      unshare(image);
    }
    Optional<FsType> fsType = volume.contents().fsType();
    if (fsType.isPresent()) {
      renewal.renew(
          fsType.get(), image, volume.sectorBytes(), pool.layout().mountPoint(volume.id()));
    }
    AtomicFiles.sync(image);
    attempt.finish();
    return true;
  }

  /** A thick volume has its space for itself, so that its writes never find the pool full. */
  private static void unshare(Path image) throws IOException {
    try (Descriptor open = Descriptor.forWriting(image)) {
      if (!open.unshare(Files.size(image))) {
        log.warn("{} shares blocks still: its filesystem can't give it blocks of its own", image);
      }
    }
  }

  private boolean makeImage(Pool pool, VolumeRecord volume) throws IOException {
    Attempt attempt = Attempt.at(pool.image(volume.id()));
    Path image = attempt.path();
    Files.createFile(image, AtomicFiles.OWNER_FILE);
    extend(volume, image, volume.capacityBytes());
    Optional<FsType> fsType = volume.contents().fsType();
    if (fsType.isPresent()) {
      format(fsType.get(), volume, image);
      // The user's own options may have made mkfs discard what was allocated.
      extend(volume, image, volume.capacityBytes());
    }
    AtomicFiles.sync(image);
    attempt.finish();
    return true;
  }

  /** Grows the contents; what a filesystem in them has is grown where it is used. */
  boolean grow(Pool pool, VolumeRecord volume, long bytes) throws IOException {
    if (volume.contents() == Contents.DIRECTORY) {
      return new DirectoryQuota(host).set(pool, pool.data(volume.id()), bytes);
    }
    Path image = pool.image(volume.id());
    if (!Files.exists(image)) {
      throw new StorageException(
          StorageException.Reason.FAILED,
          "volume \"" + volume.id() + "\" has lost its image " + image);
    }
    extend(volume, image, bytes);
    AtomicFiles.sync(image);
    return true;
  }

  /** Removes the contents, the image or every file of the directory. */
  void remove(Pool pool, VolumeId id) throws IOException {
    renewal.clear(pool.layout().mountPoint(id));
    remove(pool.image(id));
    remove(pool.data(id));
  }

  /** Removes an image or a directory, and all attempts at it. */
  static void remove(Path contents) throws IOException {
    Attempt.removeAll(contents);
    AtomicFiles.deleteTree(contents);
  }

  /** What is wrong with the contents of a ready volume, or with the pool below them. */
  Optional<String> ailment(Pool pool, VolumeRecord volume) {
    Path source = volume.contents().image() ? pool.image(volume.id()) : pool.data(volume.id());
    try {
      BasicFileAttributes found =
          Files.readAttributes(source, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (volume.contents().image() && found.size() != volume.capacityBytes()) {
        return Optional.of(
            "its image "
                + source
                + " has "
                + found.size()
                + " bytes, and should have "
                + volume.capacityBytes());
      }
      if (pool.full(host)) {
        return Optional.of(
            "the filesystem of pool \""
                + pool.name()
                + "\" is full: what is not allocated yet can't"
                + " be written");
      }
      return Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.of(pool.ailment().orElse("its data " + source + " is missing"));
    } catch (IOException e) {
      return Optional.of("its data can't be read: " + e.getMessage());
    }
  }

  private void extend(VolumeRecord volume, Path image, long bytes) throws IOException {
    if (volume.allocation() == Allocation.THICK) {
      allocate(image, bytes);
      return;
    }
    // Never shorter: a retry may find it grown already.
    if (Files.size(image) < bytes) {
      setLength(image, bytes);
    }
  }

  static void setLength(Path image, long bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  private void allocate(Path image, long bytes) throws IOException {
    long before = Files.size(image);
    try {
      host.run(
          Command.of("fallocate", "--length", "" + bytes, image.toString()).within(MKFS_LIMIT));
    } catch (CommandException e) {
      // ext4 keeps all that it could allocate until it was full.
      setLength(image, before);
      throw e.meaning();
    }
  }

  private void format(FsType type, VolumeRecord volume, Path image) throws IOException {
    boolean thick = volume.allocation() == Allocation.THICK;
    // In the volume's own directory, where a relative name in the user's options leads to nothing.
    Command mkfs =
        Command.of(type.mkfs(image, volume.sectorBytes(), thick, volume.mkfsOptions()))
            .in(image.resolveSibling("."))
            .within(MKFS_LIMIT);
    try {
      host.run(mkfs);
    } catch (CommandException e) {
      // One that was killed at its limit says nothing about the user's options.
      if (e.noSpace() || e.exitCode() < 0 || volume.mkfsOptions().isEmpty()) {
        throw e.meaning();
      }
      throw new StorageException(
          StorageException.Reason.INVALID, "parameter \"mkfsOptions\": " + e.getMessage(), e);
    }
    boolean made = Superblock.read(image).filter(found -> found.type() == type).isPresent();
    if (!made) {
      throw StorageException.invalid(
          "parameter \"mkfsOptions\": " + mkfs + " made no " + type.label() + " filesystem");
    }
  }
}
