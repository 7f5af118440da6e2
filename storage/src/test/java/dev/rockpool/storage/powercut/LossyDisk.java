package dev.rockpool.storage.powercut;

import static java.util.Objects.requireNonNull;

import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A disk that promises as little as POSIX does: what was done to a file is lasting once the file is
 * synced, an entry of a directory once the directory is; until then each of these effects may be
 * there after a power cut or not, whatever came before or after it. A rename is there whole or not
 * at all.
 */
public final class LossyDisk {
  private static final Host HOST = new ExecHost((program, succeeded, took) -> {});
  private static final int ROOT = 0;
  private static final int ZEROS = 1 << 20;
  private static final int SMALL = 64 << 10;

  private final Path root;
  private final Path scratch;
  // What was there in the beginning; files by their number, and each directory's entries.
  private final Map<Integer, Path> files = new HashMap<>();
  private final Tree atFirst = new Tree(new HashMap<>());
  private final Tree now;
  private final List<Effect> effects = new ArrayList<>();
  private int numbers;
  private int calls;

  /** Something that a call has done, and that may be lost. */
  final class Effect {
    private final int number = effects.size();
    private final List<Integer> nodes;
    private final Change change;
    private final int made = calls;
    private int lasting = Integer.MAX_VALUE;

    private Effect(Change change, Integer... nodes) {
      this.nodes = List.of(nodes);
      this.change = change;
    }

    int number() {
      return number;
    }

    /** Whether it was done by then, and is not lasting yet. */
    boolean isPendingAt(int call) {
      return made <= call && lasting > call;
    }

    boolean isLastingAt(int call) {
      return lasting <= call;
    }

    boolean isEntry() {
      return change instanceof Change.Entries;
    }

    /** Whether a part of it may be there. */
    boolean canTear() {
      return change instanceof Change.Written(_, ByteBuffer bytes) && bytes.remaining() > 1;
    }

    /** The file or directory that it was done to. */
    int node() {
      return nodes.getFirst();
    }

    @Override
    public String toString() {
      return number + " on " + node() + " " + change;
    }
  }

  private sealed interface Change {
    /** To directories: their entries without what is put there, and with it. */
    record Entries(Optional<Entry> gone, Optional<Entry> come, int node) implements Change {}

    record Written(long at, ByteBuffer bytes) implements Change {}

    record Sized(long bytes) implements Change {}

    record Grown(long bytes) implements Change {}

    record Zeroed(long at, long bytes, boolean keepsSize) implements Change {}

    record Copied(Path content, long from, long at, long bytes) implements Change {}

    record Replaced(Path content) implements Change {}
  }

  private record Entry(int directory, String name) {}

  /** The entries of each directory. */
  private record Tree(Map<Integer, Map<String, Integer>> directories) {
    Map<String, Integer> add(int directory) {
      Map<String, Integer> entries = new TreeMap<>();
      directories.put(directory, entries);
      return entries;
    }

    boolean isDirectory(int node) {
      return directories.containsKey(node);
    }

    Map<String, Integer> entries(int directory) {
      return requireNonNull(directories.get(directory));
    }

    void apply(Change.Entries change) {
      change.gone().ifPresent(entry -> entries(entry.directory()).remove(entry.name()));
      change.come().ifPresent(entry -> entries(entry.directory()).put(entry.name(), change.node()));
    }

    Tree copy() {
      Map<Integer, Map<String, Integer>> copy = new HashMap<>();
      directories.forEach((number, entries) -> copy.put(number, new TreeMap<>(entries)));
      return new Tree(copy);
    }
  }

  /**
   * @param root as the calls name it
   * @param base a copy of what was there before the first call, all of it lasting
   * @param scratch an empty directory
   */
  public LossyDisk(Path root, Path base, Path scratch) throws IOException {
    this.root = root;
    this.scratch = scratch;
    readBase(base, ROOT);
    this.now = atFirst.copy();
  }

  private void readBase(Path directory, int number) throws IOException {
    Map<String, Integer> entries = atFirst.add(number);
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
      for (Path entry : all) {
        int node = ++numbers;
        entries.put(entry.getFileName().toString(), node);
        if (Files.isDirectory(entry)) {
          readBase(entry, node);
        } else {
          files.put(node, entry);
        }
      }
    }
  }

  /** How many calls were made. */
  int calls() {
    return calls;
  }

  List<Effect> effects() {
    return List.copyOf(effects);
  }

  /** Does the call. */
  public void apply(DiskCall call) throws IOException {
    calls++;
    switch (call) {
      case DiskCall.Open(Path file, boolean truncated) -> open(file, truncated);
      case DiskCall.MakeDirectory(Path directory) -> {
        int node = ++numbers;
        atFirst.add(node);
        now.add(node);
        link(directory, node);
      }
      case DiskCall.Write(Path file, long at, ByteBuffer bytes) ->
          change(file, new Change.Written(at, bytes));
      case DiskCall.Truncate(Path file, long size) -> change(file, new Change.Sized(size));
      case DiskCall.Zero(Path file, long at, long bytes, boolean keepsSize) ->
          change(file, new Change.Zeroed(at, bytes, keepsSize));
      case DiskCall.Allocate(Path file, long at, long bytes) ->
          change(file, new Change.Grown(at + bytes));
      case DiskCall.Copy(Path from, long fromAt, Path to, long at, long bytes) ->
          change(to, new Change.Copied(content(from), fromAt, at, bytes));
      case DiskCall.Clone(Path from, Path to) -> change(to, new Change.Replaced(content(from)));
      case DiskCall.Rename(Path from, Path to) -> rename(from, to);
      case DiskCall.Remove(Path path) -> {
        entries(Optional.of(entry(path)), Optional.empty(), node(path));
      }
      case DiskCall.Sync(Path path) -> {
        int node = node(path);
        effects.stream().filter(effect -> effect.nodes.contains(node)).forEach(this::keep);
      }
      case DiskCall.SyncAll() -> effects.forEach(this::keep);
      case DiskCall.Say _ -> {}
    }
  }

  private void keep(Effect effect) {
    effect.lasting = Math.min(effect.lasting, calls);
  }

  private void open(Path file, boolean truncated) {
    Entry entry = entry(file);
    Integer node = now.entries(entry.directory()).get(entry.name());
    if (node == null) {
      link(file, ++numbers);
    } else if (truncated) {
      change(file, new Change.Sized(0));
    }
  }

  private void link(Path path, int node) {
    entries(Optional.empty(), Optional.of(entry(path)), node);
  }

  private void rename(Path from, Path to) {
    entries(Optional.of(entry(from)), Optional.of(entry(to)), node(from));
  }

  private void entries(Optional<Entry> gone, Optional<Entry> come, int node) {
    Change.Entries change = new Change.Entries(gone, come, node);
    now.apply(change);
    Integer[] directories =
        Stream.concat(come.stream(), gone.stream())
            .map(Entry::directory)
            .distinct()
            .toArray(Integer[]::new);
    effects.add(new Effect(change, directories));
  }

  private void change(Path file, Change change) {
    effects.add(new Effect(change, node(file)));
  }

  private Entry entry(Path path) {
    return new Entry(node(path.resolveSibling(".").normalize()), path.getFileName().toString());
  }

  private int node(Path path) {
    int node = ROOT;
    if (!path.equals(root)) {
      for (Path name : root.relativize(path)) {
        node = requireNonNull(now.entries(node).get(name.toString()), path::toString);
      }
    }
    return node;
  }

  /** What the file has now, as a file of its own. */
  private Path content(Path file) throws IOException {
    Path content = scratch.resolve("content-" + calls);
    int node = node(file);
    writeFile(
        content, node, effects.stream().filter(effect -> effect.nodes.contains(node)).toList(), -1);
    return content;
  }

  /**
   * Makes what is on the disk after a power cut.
   *
   * @param kept effects that are there, in their order; all others are lost
   * @param torn the number of one of which only a part is there; -1 = of none
   * @param target is made
   */
  void build(List<Effect> kept, int torn, Path target) throws IOException {
    Tree tree = atFirst.copy();
    Map<Integer, List<Effect>> contents = new HashMap<>();
    for (Effect effect : kept) {
      if (effect.change instanceof Change.Entries entries) {
        tree.apply(entries);
      } else {
        contents.computeIfAbsent(effect.node(), _ -> new ArrayList<>()).add(effect);
      }
    }
    build(tree, contents, ROOT, torn, target);
  }

  private void build(
      Tree tree, Map<Integer, List<Effect>> contents, int directory, int torn, Path target)
      throws IOException {
    Files.createDirectory(
        target, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    for (Map.Entry<String, Integer> entry : tree.entries(directory).entrySet()) {
      Path path = target.resolve(entry.getKey());
      int node = entry.getValue();
      if (tree.isDirectory(node)) {
        build(tree, contents, node, torn, path);
      } else {
        writeFile(path, node, contents.getOrDefault(node, List.of()), torn);
      }
    }
  }

  private void writeFile(Path target, int node, List<Effect> changes, int torn) throws IOException {
    Path base = files.get(node);
    if (base == null) {
      Files.createFile(
          target,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } else {
      copy(base, target);
    }
    if (changes.isEmpty()) {
      return;
    }
    for (Effect effect : changes) {
      if (effect.change instanceof Change.Replaced(Path content)) {
        copy(content, target);
      } else {
        try (RandomAccessFile open = new RandomAccessFile(target.toFile(), "rw")) {
          write(open, effect.change, effect.number == torn);
        }
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    if (Files.size(from) <= SMALL) {
      Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
      return;
    }
    HOST.run(
        Command.of(
            "cp",
            "--reflink=auto",
            "--sparse=auto",
            "--preserve=mode,timestamps",
            "" + from,
            "" + to));
  }

  private static void write(RandomAccessFile file, Change change, boolean torn) throws IOException {
    switch (change) {
      case Change.Written(long at, ByteBuffer bytes) -> {
        int length = torn ? bytes.remaining() / 2 : bytes.remaining();
        file.getChannel().write(bytes.slice(0, length), at);
      }
      case Change.Sized(long bytes) -> file.setLength(bytes);
      case Change.Grown(long bytes) -> file.setLength(Math.max(bytes, file.length()));
      case Change.Zeroed(long at, long bytes, boolean keepsSize) -> {
        long end = keepsSize ? Math.min(at + bytes, file.length()) : at + bytes;
        zero(file, at, end);
      }
      case Change.Copied(Path content, long from, long at, long bytes) -> {
        try (FileChannel source = FileChannel.open(content, StandardOpenOption.READ)) {
          file.getChannel().transferFrom(source.position(from), at, bytes);
        }
      }
      case Change.Entries _, Change.Replaced _ -> throw new IllegalStateException("" + change);
    }
  }

  private static void zero(RandomAccessFile file, long from, long end) throws IOException {
    long length = file.length();
    if (from == 0 && end >= length) {
      file.setLength(0);
      file.setLength(end);
      return;
    }
    FileChannel channel = file.getChannel();
    for (long at = from; at < end; at += ZEROS) {
      channel.write(ByteBuffer.allocate((int) Math.min(ZEROS, end - at)), at);
    }
  }
}
