package dev.rockpool.storage.powercut;

import static java.util.Objects.requireNonNull;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs a command, and tells what it and its children did below a directory, in their order. */
public final class Trace {
  private static final String CALLS =
      "open,openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,"
          + "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,"
          + "symlinkat,fsync,fdatasync,sync,syncfs,sync_file_range,copy_file_range,sendfile,splice,"
          + "ioctl,lseek,read,mount";
  private static final long LIMIT_SECONDS = 60;

  private static final Pattern LINE = Pattern.compile("(\\d+) +(.*)");
  private static final Pattern RESUMED = Pattern.compile("<\\.\\.\\. \\w+ resumed>(.*)");
  private static final Pattern CALL = Pattern.compile("(\\w+)\\((.*)\\) += (-?\\d+|0x\\w+)(.*)");
  private static final Pattern NAMED =
      Pattern.compile("(-?\\d+|AT_FDCWD)<([^>]*)>(?:\\(deleted\\))?");
  private static final Set<String> READING_IOCTLS =
      Set.of("FS_IOC_FIEMAP", "FS_IOC_GETFLAGS", "FIGETBSZ", "_IOC(_IOC_READ");

  private final Path root;
  private final List<DiskCall> calls = new ArrayList<>();
  // Where the next write goes; by descriptor and path, since strace tells no more.
  private final Map<String, Long> positions = new HashMap<>();
  // What a number that stands without its path was last opened as.
  private final Map<String, Path> opened = new HashMap<>();

  private Trace(Path root) {
    this.root = root;
  }

  /**
   * Runs the command to its end.
   *
   * @param log where strace writes
   * @param root calls on what is elsewhere are left out
   * @throws IOException if it can't be run or fails, or if it makes a call that is not understood
   */
  public static List<DiskCall> of(List<String> command, Path log, Path root) throws IOException {
    List<String> traced =
        new ArrayList<>(
            List.of(
                "strace",
                "-f",
                "-qq",
                "-y",
                "-xx",
                "-s",
                "67108864",
                "-e",
                "signal=none",
                "-e",
                "trace=" + CALLS,
                "--seccomp-bpf",
                "-o",
                log.toString()));
    traced.addAll(command);
    Process process =
        new ProcessBuilder(traced)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException(command + " failed, or did not end");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw new IOException("interrupted", e);
    }
    Trace trace = new Trace(root);
    trace.read(log);
    return List.copyOf(trace.calls);
  }

  private void read(Path log) throws IOException {
    Map<String, String> unfinished = new HashMap<>();
    try (BufferedReader lines = Files.newBufferedReader(log, StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Matcher parts = LINE.matcher(line);
        if (!parts.matches()) {
          throw new IOException("not understood: " + line);
        }
        String thread = parts.group(1);
        String text = parts.group(2);
        Matcher resumed = RESUMED.matcher(text);
        if (text.endsWith(" <unfinished ...>")) {
          unfinished.put(thread, text.substring(0, text.length() - " <unfinished ...>".length()));
        } else {
          add(resumed.matches() ? unfinished.remove(thread) + resumed.group(1) : text);
        }
      }
    }
  }

  private void add(String text) throws IOException {
    Matcher call = CALL.matcher(text);
    if (!call.matches() || call.group(3).startsWith("-")) {
      return;
    }
    try {
      add(call.group(1), call.group(2).split(", ", -1), Long.decode(call.group(3)), call.group(4));
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "not understood: " + text.substring(0, Math.min(500, text.length())), e);
    }
  }

  private void add(String name, String[] words, long result, String rest) {
    switch (name) {
      case "open", "creat" ->
          open(words[0], words.length > 1 ? words[1] : "O_CREAT|O_TRUNC", result + rest);
      case "openat" -> open(words[1], words[2], result + rest);
      case "lseek" -> positions.put(words[0], result);
      case "read" -> advance(words[0], result);
      case "write" -> {
        if (words[0].startsWith("1<")) {
          calls.add(new DiskCall.Say(new String(bytes(words[1]), StandardCharsets.UTF_8)));
        } else if (concerns(named(words[0]))) {
          calls.add(
              new DiskCall.Write(
                  named(words[0]), advance(words[0], result), written(words[1], result)));
        }
      }
      case "pwrite64" -> {
        if (concerns(named(words[0]))) {
          calls.add(
              new DiskCall.Write(named(words[0]), number(words[3]), written(words[1], result)));
        }
      }
      case "ftruncate" -> {
        if (concerns(named(words[0]))) {
          calls.add(new DiskCall.Truncate(named(words[0]), number(words[1])));
        }
      }
      case "fallocate" -> allocate(named(words[0]), words[1], number(words[2]), number(words[3]));
      case "rename" -> rename(path(words[0]), path(words[1]));
      case "renameat", "renameat2" -> rename(path(words[1]), path(words[3]));
      case "unlink", "rmdir" -> remove(path(words[0]));
      case "unlinkat" -> remove(named(words[0]).resolve(path(words[1])));
      case "mkdir" -> makeDirectory(path(words[0]));
      case "mkdirat" -> makeDirectory(named(words[0]).resolve(path(words[1])));
      case "fsync", "fdatasync" -> {
        if (concerns(named(words[0]))) {
          calls.add(new DiskCall.Sync(named(words[0])));
        }
      }
      case "sync", "syncfs" -> calls.add(new DiskCall.SyncAll());
      case "copy_file_range" -> copy(words, result);
      case "sendfile" -> send(words, result);
      case "ioctl" -> ioctl(words);
      default -> {
        if (List.of(words).stream().anyMatch(word -> word.contains("<") && concerns(named(word)))) {
          throw new IllegalArgumentException(name);
        }
      }
    }
  }

  private void open(String file, String flags, String descriptor) {
    Path path = named(descriptor);
    positions.put(descriptor, 0L);
    opened.put(descriptor.substring(0, descriptor.indexOf('<')), path);
    if (concerns(path) && (flags.contains("O_CREAT") || flags.contains("O_TRUNC"))) {
      calls.add(new DiskCall.Open(path, flags.contains("O_TRUNC")));
    }
    if (concerns(path) && flags.contains("O_APPEND")) {
      throw new IllegalArgumentException("O_APPEND of " + file);
    }
  }

  private void allocate(Path file, String mode, long at, long bytes) {
    if (!concerns(file)) {
      return;
    }
    boolean keepsSize = mode.contains("KEEP_SIZE");
    if (mode.contains("PUNCH_HOLE") || mode.contains("ZERO_RANGE")) {
      calls.add(new DiskCall.Zero(file, at, bytes, keepsSize));
    } else if (mode.equals("0")) {
      calls.add(new DiskCall.Allocate(file, at, bytes));
    } else if (!mode.equals("FALLOC_FL_KEEP_SIZE") && !mode.equals("FALLOC_FL_UNSHARE_RANGE")) {
      throw new IllegalArgumentException("fallocate " + mode);
    }
  }

  private void rename(Path from, Path to) {
    if (concerns(from) || concerns(to)) {
      calls.add(new DiskCall.Rename(from, to));
    }
  }

  private void remove(Path path) {
    if (concerns(path)) {
      calls.add(new DiskCall.Remove(path));
    }
  }

  private void makeDirectory(Path directory) {
    if (concerns(directory)) {
      calls.add(new DiskCall.MakeDirectory(directory));
    }
  }

  private void copy(String[] words, long result) {
    long from = words[1].equals("NULL") ? advance(words[0], result) : number(words[1]);
    long at = words[3].equals("NULL") ? advance(words[2], result) : number(words[3]);
    if (concerns(named(words[2])) && result > 0) {
      calls.add(new DiskCall.Copy(named(words[0]), from, named(words[2]), at, result));
    }
  }

  private void send(String[] words, long result) {
    // The offset is told as before and after: [1] => [2].
    long from =
        words[2].equals("NULL")
            ? advance(words[1], result)
            : number(words[2].replaceAll(" =>.*", ""));
    long at = advance(words[0], result);
    if (concerns(named(words[0])) && result > 0) {
      calls.add(new DiskCall.Copy(named(words[1]), from, named(words[0]), at, result));
    }
  }

  private void ioctl(String[] words) {
    if (!concerns(named(words[0]))) {
      return;
    }
    if (words[1].contains("FICLONE") || words[1].contains("BTRFS_IOC_CLONE")) {
      calls.add(new DiskCall.Clone(requireNonNull(opened.get(words[2])), named(words[0])));
    } else if (!READING_IOCTLS.contains(words[1]) && !words[1].startsWith("BLK")) {
      throw new IllegalArgumentException("ioctl " + words[1]);
    }
  }

  private boolean concerns(Path path) {
    return path.startsWith(root) && !path.equals(root);
  }

  /** Where the descriptor is, which goes on by so many bytes. */
  private long advance(String descriptor, long bytes) {
    long at = positions.getOrDefault(descriptor, 0L);
    positions.put(descriptor, at + bytes);
    return at;
  }

  /** The path that strace tells beside a descriptor; one of no file is in no directory. */
  private static Path named(String descriptor) {
    Matcher named = NAMED.matcher(descriptor);
    if (!named.lookingAt()) {
      throw new IllegalArgumentException(descriptor);
    }
    return Path.of(text(named.group(2)));
  }

  private static Path path(String quoted) {
    return Path.of(new String(bytes(quoted), StandardCharsets.UTF_8)).normalize();
  }

  private static ByteBuffer written(String quoted, long result) {
    return ByteBuffer.wrap(bytes(quoted), 0, Math.toIntExact(result)).asReadOnlyBuffer();
  }

  private static long number(String word) {
    return Long.decode(word.replaceAll("[\\[\\]]", ""));
  }

  private static String text(String hex) {
    return hex.startsWith("\\x")
        ? new String(bytes("\"" + hex + "\""), StandardCharsets.UTF_8)
        : hex;
  }

  /** The bytes of {@code "\x01\x02"}. */
  private static byte[] bytes(String quoted) {
    if (!quoted.startsWith("\"") || !quoted.endsWith("\"")) {
      throw new IllegalArgumentException("cut: " + quoted);
    }
    byte[] bytes = new byte[(quoted.length() - 2) / 4];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(quoted, i * 4 + 3, i * 4 + 5, 16);
    }
    return bytes;
  }
}
