package dev.rockpool.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Changes to files and directories that are there whole after a power cut, or not at all. */
public final class AtomicFiles {
  static final FileAttribute<Set<PosixFilePermission>> OWNER_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  static final FileAttribute<Set<PosixFilePermission>> OWNER_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final Set<StandardOpenOption> WRITE_ANEW =
      Set.of(
          StandardOpenOption.CREATE,
          StandardOpenOption.TRUNCATE_EXISTING,
          StandardOpenOption.WRITE);

  private AtomicFiles() {}

  /**
   * Replaces the file; when this returns, the new content is lasting. Whoever calls must be the
   * only one to write this file.
   */
  static void replace(Path file, byte[] content) throws IOException {
    replace(file, content, true);
    sync(file.resolveSibling("."));
  }

  /**
   * Replaces the file with one that need not outlive the machine's run: it is whole whatever
   * happens to this process, but not after a power cut. Whoever calls must be the only one to write
   * it.
   */
  public static void replaceForNow(Path file, byte[] content) throws IOException {
    replace(file, content, false);
  }

  private static void replace(Path file, byte[] content, boolean lasting) throws IOException {
    Path temporary = temporary(file);
    try (FileChannel channel = FileChannel.open(temporary, WRITE_ANEW, OWNER_FILE)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      if (lasting) {
        channel.force(true);
      }
    } catch (IOException e) {
      Files.deleteIfExists(temporary);
      throw e;
    }
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** What replaces the file while it is written; a crash may leave it. */
  static Path temporary(Path file) {
    return file.resolveSibling(file.getFileName() + ".tmp");
  }

  /** Makes what was written to the file, or the entries of the directory, lasting. */
  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Makes the directory for its owner only; one that is there stays as it is. */
  static void ensureDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectory(directory, OWNER_DIRECTORY);
      sync(directory.resolveSibling("."));
    }
  }

  /**
   * Removes the file or the directory with all in it; symlinks are removed, never followed.
   *
   * @throws IOException if something else is mounted in there: that is not removed
   */
  static void deleteTree(Path path) throws IOException {
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      if (!Files.getAttribute(path, "unix:dev", LinkOption.NOFOLLOW_LINKS)
          .equals(Files.getAttribute(path.resolveSibling("."), "unix:dev"))) {
        throw new IOException(path + " is a mount point, and is left alone");
      }
      try (var entries = Files.newDirectoryStream(path)) {
        for (Path entry : entries) {
          deleteTree(entry);
        }
      } catch (NoSuchFileException e) {
        return;
      }
    }
    Files.deleteIfExists(path);
  }
}
