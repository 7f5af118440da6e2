package dev.rockpool.storage;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * A pool as an operator names it: {@code name=/directory[,limit=SIZE][,overcommit=FACTOR]}.
 *
 * @param name of the pool
 * @param directory absolute
 * @param limitBytes how much of the filesystem it may promise; {@link Long#MAX_VALUE} = all of it
 * @param overcommit how many times the space may be promised, at least 1
 */
public record PoolSpec(PoolName name, Path directory, long limitBytes, double overcommit) {

  /**
   * @throws StorageException INVALID with the part that is wrong
   */
  public static PoolSpec parse(String text) {
    int equals = text.indexOf('=');
    if (equals < 0) {
      throw wrong(text, "expected name=/directory");
    }
    String[] parts = text.substring(equals + 1).split(",", -1);
    Path directory = directory(text, parts[0]);
    long limit = Long.MAX_VALUE;
    double overcommit = 1;
    for (int i = 1; i < parts.length; i++) {
      String part = parts[i];
      if (part.startsWith("limit=")) {
        limit = ByteSize.parse(part.substring("limit=".length()));
      } else if (part.startsWith("overcommit=")) {
        overcommit = factor(text, part.substring("overcommit=".length()));
      } else {
        throw wrong(
            text,
            "unknown option \"" + Printable.of(part) + "\"; known: limit=SIZE, overcommit=FACTOR");
      }
    }
    return new PoolSpec(
        PoolName.parse(text.substring(0, equals)), directory.normalize(), limit, overcommit);
  }

  private static Path directory(String text, String path) {
    try {
      Path directory = Path.of(path);
      if (directory.isAbsolute()) {
        return directory;
      }
    } catch (InvalidPathException e) {
      // refused as what it is not
    }
    throw wrong(text, "\"" + Printable.of(path) + "\" is not an absolute path");
  }

  private static double factor(String text, String factor) {
    double value;
    try {
      value = Double.parseDouble(factor);
    } catch (NumberFormatException e) {
      throw wrong(text, "overcommit \"" + Printable.of(factor) + "\" is not a number");
    }
    if (!(value >= 1 && value <= 1000)) {
      throw wrong(text, "overcommit must be between 1 and 1000");
    }
    return value;
  }

  private static StorageException wrong(String text, String why) {
    return StorageException.invalid("pool \"" + Printable.of(text) + "\": " + why);
  }
}
