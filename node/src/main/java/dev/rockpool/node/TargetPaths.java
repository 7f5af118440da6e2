package dev.rockpool.node;

import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * The paths that requests may name: below one of the roots, with no symlink between the root and
 * the end, so that nobody leads a mount elsewhere.
 */
public final class TargetPaths {
  // Linux: PATH_MAX with its final zero, NAME_MAX.
  private static final int PATH_BYTES = 4095;
  private static final int NAME_BYTES = 255;

  private final List<Path> roots;

  /**
   * @param roots absolute; a root itself may be a symlink, since who configures it knows where it
   *     leads
   */
  public TargetPaths(List<Path> roots) {
    this.roots = List.copyOf(roots);
  }

  /**
   * The path as the kernel has it, symlinks of the root resolved.
   *
   * @param field names the path in messages
   * @throws StorageException INVALID if it is too long, relative, not normalised, outside of the
   *     roots, or leads through a symlink or a file
   */
  Path check(String text, String field) {
    Path path = parse(text, field);
    for (Path root : roots) {
      if (path.startsWith(root) && !path.equals(root)) {
        return below(real(root, field), root.relativize(path), text, field);
      }
    }
    throw invalid(text, field, "is not below " + roots + " (--target-root)");
  }

  private static Path parse(String text, String field) {
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      throw invalid(text, field, "is not a path");
    }
    if (!path.isAbsolute()) {
      throw invalid(text, field, "is not absolute");
    }
    if (!path.equals(path.normalize())) {
      throw invalid(text, field, "has \".\" or \"..\" in it");
    }
    if (bytes(text) > PATH_BYTES) {
      throw invalid(text, field, "has more than " + PATH_BYTES + " bytes");
    }
    for (Path name : path) {
      if (bytes(name.toString()) > NAME_BYTES) {
        throw invalid(text, field, "has a name of more than " + NAME_BYTES + " bytes in it");
      }
    }
    return path;
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static Path real(Path root, String field) {
    try {
      return root.toRealPath();
    } catch (IOException e) {
      throw StorageException.invalid(
          field + ": the root " + root + " (--target-root) can't be read: " + e);
    }
  }

  private static Path below(Path root, Path relative, String text, String field) {
    Path path = root;
    Path end = root.resolve(relative);
    for (Path part : relative) {
      path = path.resolve(part);
      if (Files.isSymbolicLink(path)) {
        throw invalid(text, field, "leads through the symlink " + path);
      }
      if (!path.equals(end) && Files.exists(path) && !Files.isDirectory(path)) {
        throw invalid(text, field, "leads through " + path + ", which is not a directory");
      }
    }
    return path;
  }

  private static StorageException invalid(String text, String field, String why) {
    return StorageException.invalid(field + " \"" + Printable.of(text) + "\" " + why);
  }
}
