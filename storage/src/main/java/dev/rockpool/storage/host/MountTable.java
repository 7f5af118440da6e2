package dev.rockpool.storage.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The mounts of this process's mount namespace at one moment. */
public final class MountTable {
  private static final Logger log = LoggerFactory.getLogger(MountTable.class);
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

  private final List<Mount> mounts;

  private MountTable(List<Mount> mounts) {
    this.mounts = List.copyOf(mounts);
  }

  /** The mounts there are now. */
  public static MountTable read() {
    try {
      // Not readString: a mount point may have a name that is not UTF-8.
      return parse(new String(Files.readAllBytes(MOUNTINFO), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("can't read " + MOUNTINFO, e);
    }
  }

  /** The mounts in a text of the form of proc_pid_mountinfo(5). */
  static MountTable parse(String text) {
    List<Mount> mounts = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      if (!line.isEmpty()) {
        try {
          mounts.add(parseLine(line));
        } catch (InvalidPathException e) {
          // Its name has bytes that no path of ours can have: it is none of our mounts.
          log.debug("mount left out: {}", e.getMessage());
        }
      }
    }
    return new MountTable(mounts);
  }

  private static Mount parseLine(String line) {
    String[] fields = line.split(" ", -1);
    int dash = 6;
    while (!fields[dash].equals("-")) {
      dash++;
    }
    return new Mount(
        fields[2],
        unescape(fields[3]),
        Path.of(unescape(fields[4])),
        options(fields[5]),
        fields[dash + 1],
        unescape(fields[dash + 2]),
        options(fields[dash + 3]));
  }

  private static Set<String> options(String field) {
    return Set.copyOf(Arrays.asList(field.split(",", -1)));
  }

  private static String unescape(String field) {
    if (field.indexOf('\\') < 0) {
      return field;
    }
    return OCTAL
        .matcher(field)
        .replaceAll(octal ->
            Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(octal.group(1), 8))));
  }

  public List<Mount> all() {
    return mounts;
  }

  /** What is mounted exactly here; of several on top of one another, the uppermost. */
  public Optional<Mount> at(Path mountPoint) {
    return mounts.reversed().stream()
        .filter(mount -> mount.mountPoint().equals(mountPoint))
        .findFirst();
  }

  /** The mount that holds this path, which must be absolute and free of symlinks. */
  public Optional<Mount> holding(Path path) {
    for (Path place = path; place != null; place = place.getParent()) {
      Optional<Mount> mount = at(place);
      if (mount.isPresent()) {
        return mount;
      }
    }
    return Optional.empty();
  }

  /** Mounts of this filesystem's device, given as {@code major:minor}. */
  public List<Mount> ofDevice(String device) {
    return mounts.stream().filter(mount -> mount.device().equals(device)).toList();
  }
}
