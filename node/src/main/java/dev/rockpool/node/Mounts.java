package dev.rockpool.node;

import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import dev.rockpool.storage.host.Mounter;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Which mounts are a volume's, and the places for them. */
final class Mounts {
  private final Mounter mounter;

  Mounts(Host host) {
    this.mounter = new Mounter(host);
  }

  /** Mounts the filesystem of a device. */
  void mount(String fsType, String options, LoopDevice device, Path mountPoint) {
    mounter.mount(fsType, options, device, mountPoint);
  }

  /** Shows what is at one path at another one too. */
  void bind(Path source, Path mountPoint, boolean readOnly) {
    mounter.bind(source, mountPoint, readOnly);
  }

  void unmount(Path mountPoint) {
    mounter.unmount(mountPoint);
  }

  /** Takes off the filesystem of a device, for good. */
  void unmountFilesystem(Path mountPoint) {
    mounter.unmountFilesystem(mountPoint);
  }

  /** What is mounted there now. */
  static Optional<Mount> at(Path mountPoint) {
    return MountTable.read().at(mountPoint);
  }

  /** The loop device that the mount shows, as a filesystem or as a device node. */
  static Optional<LoopDevice> loop(Mount mount) {
    return LoopDevice.boundAt(mount).or(() -> LoopDevice.under(mount));
  }

  /** Whether the mount shows the volume with this source, an image or a directory. */
  static boolean shows(Mount mount, Path source) {
    return mount.root().endsWith(end(source))
        || loop(mount).filter(device -> serves(device, source)).isPresent();
  }

  /** All mounts of the volume: where it is staged, and where it is published. */
  static List<Mount> of(VolumeId id) {
    return MountTable.read().all().stream().filter(mount -> showsVolume(mount, id)).toList();
  }

  /** Whether the mount shows the volume with this id, in whichever pool it is. */
  static boolean showsVolume(Mount mount, VolumeId id) {
    return shows(mount, Path.of("/volumes", id.value(), "disk.img"))
        || shows(mount, Path.of("/volumes", id.value(), "data"));
  }

  /**
   * Whether the device serves the volume with this source. It is known by the end of its file's
   * path: the beginning depends on where the pool was mounted when it was attached.
   */
  static boolean serves(LoopDevice device, Path source) {
    return device
        .backingFile()
        .filter(file -> withoutDeleted(file).endsWith(end(source)))
        .isPresent();
  }

  /** As in {@code /volumes/ID/disk.img}. */
  private static String end(Path source) {
    return "/" + source.subpath(source.getNameCount() - 3, source.getNameCount());
  }

  private static String withoutDeleted(String backingFile) {
    String deleted = " (deleted)";
    return backingFile.endsWith(deleted)
        ? backingFile.substring(0, backingFile.length() - deleted.length())
        : backingFile;
  }

  /**
   * Makes the directory to mount on, or finds it there.
   *
   * @throws StorageException PRECONDITION if its parent is missing, or something is in it already
   */
  static void prepareDirectory(Path path) {
    try {
      if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectory(path);
        return;
      }
      requireEmptyDirectory(path);
    } catch (NoSuchFileException e) {
      throw StorageException.precondition("the directory above " + path + " does not exist");
    } catch (IOException e) {
      throw failure("can't prepare ", path, e);
    }
  }

  /**
   * That nothing is hidden by mounting there.
   *
   * @throws StorageException PRECONDITION if it is no directory, or not empty
   */
  static void requireEmptyDirectory(Path path) throws IOException {
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      throw StorageException.precondition(path + " is not a directory");
    }
    try (var entries = Files.newDirectoryStream(path)) {
      if (entries.iterator().hasNext()) {
        throw StorageException.precondition(
            path + " is not empty: nothing is mounted over files that would be hidden");
      }
    }
  }

  /** Makes the file to bind a device on, or finds it there, empty. */
  static void prepareFile(Path path) {
    try {
      if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        Files.createFile(path);
      } else if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) || Files.size(path) > 0) {
        throw StorageException.precondition(path + " is not an empty file");
      }
    } catch (NoSuchFileException e) {
      throw StorageException.precondition("the directory above " + path + " does not exist");
    } catch (IOException e) {
      throw failure("can't prepare ", path, e);
    }
  }

  /**
   * Removes the empty file or directory on which something was mounted.
   *
   * @throws StorageException PRECONDITION if something is in it
   */
  static void removeMountPoint(Path path) {
    try {
      if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && Files.size(path) > 0) {
        throw StorageException.precondition(path + " is a file with content, and is left alone");
      }
      Files.deleteIfExists(path);
    } catch (DirectoryNotEmptyException e) {
      throw StorageException.precondition(path + " is not empty, and is left alone");
    } catch (IOException e) {
      throw failure("can't remove ", path, e);
    }
  }

  /** Who asks for a place where nothing can be made has to choose another one. */
  private static StorageException failure(String doing, Path path, IOException e) {
    return String.valueOf(e.getMessage()).endsWith("Read-only file system")
        ? StorageException.precondition(doing + path + ": it is on a read-only filesystem")
        : StorageException.of(doing + path, e);
  }
}
