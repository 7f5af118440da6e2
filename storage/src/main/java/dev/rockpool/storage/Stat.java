package dev.rockpool.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Optional;

/**
 * What the filesystem tells of a file; a symlink is one, and not what it leads to.
 *
 * @param inode its number
 * @param mode its type and permissions, as stat(2) has them
 * @param owner its user's number
 * @param bytes its size
 * @param modified when it was changed last
 */
record Stat(long inode, int mode, int owner, long bytes, FileTime modified) {
  private static final int TYPE = 0170000;
  private static final int DIRECTORY = 0040000;
  private static final int REGULAR = 0100000;
  private static final int GROUP_AND_OTHERS = 0077;

  /** Empty if there is none. */
  static Optional<Stat> of(Path path) throws IOException {
    Map<String, Object> found;
    try {
      found =
          Files.readAttributes(
              path, "unix:ino,mode,uid,size,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    return Optional.of(
        new Stat(
            number(found, "ino").longValue(),
            number(found, "mode").intValue(),
            number(found, "uid").intValue(),
            number(found, "size").longValue(),
            (FileTime) found.getOrDefault("lastModifiedTime", FileTime.fromMillis(0))));
  }

  private static Number number(Map<String, Object> found, String name) {
    return (Number) found.getOrDefault(name, -1);
  }

  boolean directory() {
    return (mode & TYPE) == DIRECTORY;
  }

  boolean regular() {
    return (mode & TYPE) == REGULAR;
  }

  /** Whether others than its owner may do anything with it. */
  boolean open() {
    return (mode & GROUP_AND_OTHERS) != 0;
  }

  /** As people write permissions: {@code 0644}. */
  String permissions() {
    return "0%03o".formatted(mode & 07777);
  }
}
