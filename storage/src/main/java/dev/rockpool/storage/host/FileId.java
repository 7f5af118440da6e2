package dev.rockpool.storage.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a file is, whatever it is called: two paths with one of these are one file.
 *
 * @param device the number of its filesystem's device, as stat(2) has it
 * @param inode its number within the filesystem
 */
public record FileId(long device, long inode) {

  /** The file at the path, symlinks followed. */
  public static FileId of(Path path) throws IOException {
    Map<String, Object> stat = Files.readAttributes(path, "unix:dev,ino");
    return new FileId(number(stat, "dev"), number(stat, "ino"));
  }

  private static long number(Map<String, Object> stat, String name) {
    return stat.get(name) instanceof Number number ? number.longValue() : -1;
  }

  /** The device as the kernel writes it: {@code 7:3}. */
  public String majorMinor() {
    return majorMinor(device);
  }

  /** The number of a device as the kernel writes it, from glibc's dev_t. */
  public static String majorMinor(long dev) {
    long major = ((dev >>> 8) & 0xfff) | ((dev >>> 32) & ~0xfffL);
    long minor = (dev & 0xff) | ((dev >>> 12) & ~0xffL);
    return major + ":" + minor;
  }
}
