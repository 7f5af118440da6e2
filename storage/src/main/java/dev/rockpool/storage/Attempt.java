package dev.rockpool.storage;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/**
 * A file or directory that host commands make, under a name that no other attempt has until it is
 * ready. A command that outlives its driver (killed, while mkfs hangs) may go on when a later
 * attempt has made the volume and somebody uses it: it must find nothing under the name it knows.
 */
final class Attempt {
  private static final Pattern NAME =
      Pattern.compile(
          "(" + Pattern.quote(PoolLayout.IMAGE) + "|" + PoolLayout.DATA + ")\\.[0-9a-f]{16}");

  private final Path made;
  private final Path path;

  private Attempt(Path made) {
    this.made = made;
    this.path =
        made.resolveSibling(
            made.getFileName()
                + "."
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
  }

  /** Whether a file or directory of that name is one. */
  static boolean isOne(String name) {
    return NAME.matcher(name).matches();
  }

  /** A new one, at what is to be there in the end; what earlier ones have left is removed. */
  static Attempt at(Path made) throws IOException {
    removeAll(made);
    return new Attempt(made);
  }

  /** Removes what attempts at it have left. */
  static void removeAll(Path made) throws IOException {
    if (!Files.isDirectory(made.resolveSibling("."))) {
      return;
    }
    try (DirectoryStream<Path> left =
        Files.newDirectoryStream(made.resolveSibling("."), made.getFileName() + ".*")) {
      for (Path attempt : left) {
        AtomicFiles.deleteTree(attempt);
      }
    }
  }

  /** Where it is made. */
  Path path() {
    return path;
  }

  /** Takes what was made by something that ends with this process, to go on with it. */
  void take() throws IOException {
    Files.move(made, path, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Puts it where it is to be, in place of what was there. */
  void finish() throws IOException {
    AtomicFiles.deleteTree(made);
    Files.move(path, made, StandardCopyOption.ATOMIC_MOVE);
  }
}
