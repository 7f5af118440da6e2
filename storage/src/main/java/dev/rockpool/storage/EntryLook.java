package dev.rockpool.storage;

import dev.rockpool.storage.Finding.Kind;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Looks at all directories of one kind in a pool, each with what it should consist of. */
abstract class EntryLook<I extends Comparable<I>, R> {
  private static final int ATTEMPTS = 3;
  private static final Set<String> DATA = Set.of(PoolLayout.IMAGE, PoolLayout.DATA);
  private static final Set<String> LOCKS =
      Set.of(PoolLayout.RECORD_LOCK, PoolLayout.USE_LOCK, PoolLayout.GROW_LOCK);

  private final PoolLook whole;
  private final RecordStore.Kind<I, R> kind;

  EntryLook(PoolLook whole, RecordStore.Kind<I, R> kind) {
    this.whole = whole;
    this.kind = kind;
  }

  /**
   * One of them, while it is looked at.
   *
   * @param look takes what is found
   * @param directory of it
   * @param stat of the directory
   * @param names of what is in the directory
   */
  record Entry(PoolLook look, Path directory, Stat stat, List<String> names) {
    String place() {
      return look.place(directory);
    }

    /** What others hold while they make it, remove it, or write it. */
    boolean isHeld() throws IOException {
      return PoolLook.isHeld(directory.resolve(PoolLayout.USE_LOCK));
    }

    boolean isGrowing() throws IOException {
      return PoolLook.isHeld(directory.resolve(PoolLayout.GROW_LOCK));
    }

    void add(Kind kind, String problem, String remedy, Object... evidence) {
      add(Finding.of(place(), kind, problem, remedy), evidence);
    }

    void add(Finding finding, Object... evidence) {
      look.add(finding, stat.inode() + " " + List.of(evidence));
    }
  }

  /** The names of its contents that the record wants to be there; others are foreign. */
  abstract Set<String> contents(R record);

  /** Looks at one whose record can be read. */
  abstract void check(Entry entry, I id, R record) throws IOException;

  /**
   * Looks at the one of this name.
   *
   * @return whether it has a record that can be read
   */
  final boolean look(String name) throws IOException {
    Path record = kind.parent().resolve(name).resolve(kind.file());
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      PoolLook look = whole.apart();
      Optional<Stat> before = recordStat(record);
      boolean readable = look(look, name);
      if (look.isEmpty() || recordStat(record).equals(before)) {
        whole.take(look);
        return readable;
      }
    }
    // It changes all the time: somebody is at work on it.
    return true;
  }

  private static Optional<Stat> recordStat(Path record) throws IOException {
    try {
      return Stat.of(record);
    } catch (FileSystemException e) {
      // What should be its directory is none.
      return Optional.empty();
    }
  }

  private boolean look(PoolLook look, String name) throws IOException {
    Path directory = kind.parent().resolve(name);
    Optional<Stat> stat = Stat.of(directory);
    if (stat.isEmpty()) {
      return false;
    }
    if (!stat.get().directory()) {
      if (name.endsWith(".tmp")) {
        look.addTemporary(directory, stat.get());
      } else {
        look.addForeign(directory, stat.get());
      }
      return false;
    }
    I id;
    try {
      id = kind.parse().apply(name);
    } catch (StorageException e) {
      look.add(
          Finding.of(
              look.place(directory),
              Kind.NOT_AN_ID,
              String.valueOf(e.getMessage()),
              "move the directory away; no driver looks at it"),
          "" + stat.get().inode());
      return false;
    }
    Entry entry = new Entry(look, directory, stat.get(), PoolUsers.names(directory));
    look.checkAccess(directory, stat.get());
    try {
      R record = Json.read(kind.record(id), kind.type(), kind.formatVersion());
      if (!kind.id().apply(record).equals(id)) {
        entry.add(
            Kind.RECORD_OF_ANOTHER,
            kind.record(id) + " is the record of \"" + kind.id().apply(record) + "\"",
            "give the directory the name that its record has, or restore its own record");
        return false;
      }
      checkFiles(entry, contents(record), true);
      look.promised(Math.max(0, kind.promised().applyAsLong(record)));
      check(entry, id, record);
      return true;
    } catch (NoSuchFileException e) {
      withoutRecord(entry, id);
    } catch (Json.OtherVersion e) {
      entry.add(
          Kind.RECORD_OF_OTHER_RELEASE,
          "the record of "
              + kind.noun()
              + " \""
              + id
              + "\" is another release's: "
              + e.getMessage(),
          "use the release that wrote it; nothing here overwrites it");
    } catch (IOException e) {
      entry.add(
          Kind.RECORD_UNREADABLE,
          "the record of " + kind.noun() + " \"" + id + "\" can't be read: " + e.getMessage(),
          "restore " + kind.record(id) + " from a copy; its data is left alone meanwhile");
    }
    return false;
  }

  private void withoutRecord(Entry entry, I id) throws IOException {
    if (entry.names().stream().anyMatch(DATA::contains)) {
      checkFiles(entry, DATA, false);
      if (!entry.isHeld()) {
        entry.add(
            Kind.DATA_WITHOUT_RECORD,
            entry.directory() + " holds data, and no record that tells what it is",
            "restore " + kind.record(id) + " from a copy, or move the data away");
      }
      return;
    }
    checkFiles(entry, Set.of(), false);
    boolean bare = entry.names().stream().allMatch(this::isOurs);
    if (entry.look().isSettled(entry.stat()) && !entry.isHeld()) {
      String problem =
          entry.directory()
              + " has neither a record nor data: making or removing a "
              + kind.noun()
              + " was cut short";
      entry.add(
          bare
              ? Finding.repairable(
                  entry.place(), Kind.DIRECTORY_WITHOUT_RECORD, problem, "a repair removes it")
              : Finding.of(
                  entry.place(),
                  Kind.DIRECTORY_WITHOUT_RECORD,
                  problem,
                  "move away what else is in it; then a repair removes it"),
          entry.stat().modified());
    }
  }

  private boolean isOurs(String name) {
    return LOCKS.contains(name)
        || name.equals(PoolLayout.MOUNT_POINT)
        || Attempt.isOne(name)
        || name.equals(kind.file())
        || name.equals(kind.file() + ".tmp");
  }

  private void checkFiles(Entry entry, Set<String> contents, boolean recorded) throws IOException {
    for (String name : entry.names()) {
      Path path = entry.directory().resolve(name);
      Optional<Stat> stat = Stat.of(path);
      if (stat.isEmpty()) {
        continue;
      }
      if (name.equals(kind.file() + ".tmp") && stat.get().regular()) {
        // A call that is changing the record writes it.
        if (recorded && !PoolLook.isHeld(entry.directory().resolve(PoolLayout.RECORD_LOCK))) {
          entry.look().addTemporary(path, stat.get());
        }
      } else if (Attempt.isOne(name)) {
        // Who makes it holds the lock of users.
        if (!entry.isHeld()) {
          entry.look().addTemporary(path, stat.get());
        }
      } else if (!isOurs(name) && !contents.contains(name)) {
        entry.look().addForeign(path, stat.get());
      } else if (stat.get().regular()) {
        entry.look().checkAccess(path, stat.get());
      }
    }
  }

  /** How many bytes an image has that should have so many; adds what is wrong with it. */
  static void checkImage(
      Entry entry, String name, long bytes, boolean mayBeLonger, Optional<FsType> fsType)
      throws IOException {
    Path image = entry.directory().resolve(PoolLayout.IMAGE);
    Optional<Stat> stat = Stat.of(image);
    if (stat.isEmpty()) {
      entry.add(
          Kind.DATA_MISSING,
          name + " has lost its image " + image,
          "restore the file, of " + bytes + " bytes, from a copy");
    } else if (!stat.get().regular()) {
      entry.add(
          Kind.DATA_DAMAGED,
          "what should be the image of " + name + ", " + image + ", is no file",
          "restore the file, of " + bytes + " bytes, from a copy");
    } else if (stat.get().bytes() < bytes) {
      entry.add(
          Kind.DATA_TOO_SHORT,
          name
              + " has "
              + bytes
              + " bytes, and its image "
              + stat.get().bytes()
              + ": its end is lost",
          "restore " + image + " from a copy, or what was saved of its files elsewhere",
          stat.get().bytes());
    } else if (stat.get().bytes() > bytes && !mayBeLonger) {
      entry.add(
          Kind.DATA_TOO_LONG,
          name
              + " has "
              + bytes
              + " bytes, and its image "
              + stat.get().bytes()
              + ": an expansion was cut short",
          "repeat ControllerExpandVolume with required_bytes " + stat.get().bytes(),
          bytes,
          stat.get().bytes());
    } else if (fsType.isPresent()
        && Superblock.read(image).filter(is -> is.type() == fsType.get()).isEmpty()) {
      entry.add(
          Kind.DATA_DAMAGED,
          "the image of " + name + " holds no " + fsType.get().label(),
          "restore "
              + image
              + " from a copy, or repair it by hand while it is not in use; nothing formats it"
              + " again");
    }
  }

  /** That a directory's data is there. */
  static void checkTree(Entry entry, String name) throws IOException {
    Path data = entry.directory().resolve(PoolLayout.DATA);
    if (Stat.of(data).filter(Stat::directory).isEmpty()) {
      entry.add(
          Kind.DATA_MISSING,
          name + " has lost its directory " + data,
          "restore the directory from a copy");
    }
  }
}
