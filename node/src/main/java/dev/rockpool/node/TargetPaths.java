package dev.rockpool.node;

import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * The paths that requests may name: below one of the roots, with no symlink between the root and
 * the end, so that nobody leads a mount elsewhere.
 */
public final class TargetPaths {
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
   * @throws StorageException INVALID if it is relative, not normalised, outside of the roots, or
   *     has a symlink in it
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
    return path;
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
    for (Path part : relative) {
      path = path.resolve(part);
      if (Files.isSymbolicLink(path)) {
        throw invalid(text, field, "leads through the symlink " + path);
      }
    }
    return path;
  }

  private static StorageException invalid(String text, String field, String why) {
    return StorageException.invalid(field + " \"" + Printable.of(text) + "\" " + why);
  }
}
