package dev.rockpool.driver.socket;

import static java.util.Objects.requireNonNull;

import dev.rockpool.storage.Printable;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * Where a server listens: the path of a unix socket. As text it is a CSI endpoint, {@code
 * unix:///run/rockpool/csi.sock}.
 *
 * @param path absolute and normalised; its file name ends in {@code .sock} and is not hidden; short
 *     enough for a socket address, with room for the hidden name that the server binds first
 */
public record Endpoint(Path path) {
  private static final String SCHEME = "unix://";
  private static final String SUFFIX = ".sock";

  /** {@code sun_path} on Linux, less the zero byte at its end. */
  private static final int ADDRESS_BYTES = 107;

  /**
   * @throws IllegalArgumentException if the path is not as described above
   */
  public Endpoint {
    String given = SCHEME + path;
    Path name = path.getFileName();
    if (!path.isAbsolute() || name == null) {
      throw unacceptable(given, "the path is not absolute");
    }
    if (!path.equals(path.normalize())) {
      throw unacceptable(given, "the path has . or .. in it");
    }
    if (!name.toString().endsWith(SUFFIX)) {
      throw unacceptable(given, "it does not end in " + SUFFIX);
    }
    if (name.toString().startsWith(".")) {
      throw unacceptable(given, "the file name begins with a dot");
    }
    int room = ADDRESS_BYTES - HiddenName.EXTRA_BYTES;
    int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (length > room) {
      throw unacceptable(
          given, "the path has " + length + " bytes, and a socket's may have " + room);
    }
  }

  /**
   * Reads a CSI endpoint.
   *
   * @param value {@code unix://} and an absolute path that ends in {@code .sock}. The path is taken
   *     as it stands: nothing in it is decoded.
   * @throws IllegalArgumentException for anything else, with the value and what was expected
   */
  public static Endpoint parse(String value) {
    if (!value.startsWith(SCHEME)) {
      throw unacceptable(value, "it does not begin with " + SCHEME);
    }
    String text = value.substring(SCHEME.length());
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      throw unacceptable(value, "the path is not valid: " + e.getReason());
    }
    if (path.isAbsolute() && !path.toString().equals(text)) {
      throw unacceptable(value, "the path has an empty part");
    }
    return new Endpoint(path);
  }

  /** The directory that the socket is in. */
  Path directory() {
    return requireNonNull(path.getParent());
  }

  /** The socket's file name. */
  String fileName() {
    return requireNonNull(path.getFileName()).toString();
  }

  @Override
  public String toString() {
    return SCHEME + path;
  }

  private static IllegalArgumentException unacceptable(String value, String reason) {
    return new IllegalArgumentException(
        "endpoint '%s': %s; expected unix:// and an absolute path that ends in .sock, such as unix:///run/rockpool/csi.sock"
            .formatted(Printable.of(value), reason));
  }
}
