package dev.rockpool.storage;

import dev.rockpool.storage.Finding.Kind;
import dev.rockpool.storage.host.LockState;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One look at a pool, which changes nothing. Of what it finds, some may be the work of a call that
 * is under way, without a lock that would tell: what is found twice with the same evidence is not.
 */
final class PoolLook {
  // Longer than any call leaves something behind without a lock or a record that tells.
  private static final Duration SETTLED = Duration.ofMinutes(1);
  private static final String TEMPORARY = ".tmp";

  private final PoolLayout layout;
  private final List<PoolLayout> all;
  private final PoolUsers users;
  private final boolean inUse;
  private final int owner;
  private final Map<Finding, String> found = new LinkedHashMap<>();
  private Set<NodeId> nodes = Set.of();
  private long promisedBytes;
  private int volumes;
  private int snapshots;
  private int groups;

  /**
   * @param all where groups and their members may be, this pool among them
   * @param inUse whether a driver has it open
   */
  PoolLook(PoolLayout layout, List<PoolLayout> all, PoolUsers users, boolean inUse)
      throws IOException {
    this(layout, all, users, inUse, Stat.of(layout.poolRecord()).map(Stat::owner).orElse(0));
  }

  private PoolLook(
      PoolLayout layout, List<PoolLayout> all, PoolUsers users, boolean inUse, int owner) {
    this.layout = layout;
    this.all = all;
    this.users = users;
    this.inUse = inUse;
    this.owner = owner;
  }

  /**
   * Reads the whole pool.
   *
   * @return what it found, each with the evidence for it
   */
  Map<Finding, String> look() throws IOException {
    nodes = users.known();
    lookAtRoot();
    lookAtNodes();
    volumes = look(new VolumeLook(this), layout.volumes());
    snapshots = look(new SnapshotLook(this), layout.snapshots());
    groups = look(new GroupLook(this), layout.groups());
    return found;
  }

  private static int look(EntryLook<?, ?> entries, Path part) throws IOException {
    int count = 0;
    for (String name : PoolUsers.names(part)) {
      count += entries.look(name) ? 1 : 0;
    }
    return count;
  }

  private void lookAtRoot() throws IOException {
    Set<Path> parts = Set.of(layout.volumes(), layout.snapshots(), layout.groups(), layout.nodes());
    Set<Path> files =
        Set.of(layout.poolRecord(), layout.poolLock(), layout.promiseLock(), layout.reserve());
    for (String name : PoolUsers.names(layout.root())) {
      Path path = layout.root().resolve(name);
      Optional<Stat> stat = Stat.of(path);
      if (stat.isEmpty()) {
        continue;
      }
      if (parts.contains(path) && stat.get().directory()) {
        checkAccess(path, stat.get());
      } else if (files.contains(path) && stat.get().regular()) {
        checkAccess(path, stat.get());
      } else if (path.equals(AtomicFiles.temporary(layout.poolRecord()))) {
        addTemporary(path, stat.get());
      } else if (!name.equals("lost+found")) {
        addForeign(path, stat.get());
      }
    }
    for (Path part : parts) {
      if (Stat.of(part).isEmpty()) {
        add(
            Finding.repairable(
                place(part),
                Kind.DIRECTORY_MISSING,
                "the pool has no directory " + part.getFileName(),
                "a repair makes it, as a driver does when it opens the pool; if there were volumes,"
                    + " look for what removed them"),
            "");
      }
    }
  }

  private void lookAtNodes() throws IOException {
    for (String name : PoolUsers.names(layout.nodes())) {
      Path path = layout.nodes().resolve(name);
      Optional<Stat> stat = Stat.of(path);
      if (stat.isEmpty()) {
        continue;
      }
      if (!stat.get().regular()) {
        addForeign(path, stat.get());
      } else if (name.endsWith(".json" + TEMPORARY)) {
        addTemporary(path, stat.get());
      } else if (name.endsWith(".json")) {
        lookAtNode(path, stat.get(), name.substring(0, name.length() - ".json".length()));
      } else if (name.endsWith(".lock")) {
        checkAccess(path, stat.get());
      } else {
        addForeign(path, stat.get());
      }
    }
  }

  private void lookAtNode(Path path, Stat stat, String name) {
    checkAccess(path, stat);
    try {
      NodeRecord record = Json.read(path, NodeRecord.class, NodeRecord.FORMAT_VERSION);
      if (!record.id().value().equals(name)) {
        add(
            Finding.of(
                place(path),
                Kind.RECORD_OF_ANOTHER,
                path + " is the record of node \"" + record.id() + "\"",
                "remove the file, or let that node open the pool, which writes it anew"),
            evidence(stat));
      }
    } catch (IOException e) {
      add(
          Finding.of(
              place(path),
              e instanceof Json.OtherVersion
                  ? Kind.RECORD_OF_OTHER_RELEASE
                  : Kind.RECORD_UNREADABLE,
              "the record of node \"" + Printable.of(name) + "\" can't be read: " + e.getMessage(),
              "start the driver as that node, which writes it anew; if the node is gone for good,"
                  + " remove the file"),
          evidence(stat));
    }
  }

  void add(Finding finding, String evidence) {
    found.put(finding, evidence);
  }

  void addForeign(Path path, Stat stat) {
    add(
        Finding.of(
            place(path),
            Kind.FOREIGN,
            path + " is nothing that a pool consists of",
            "move it away; no driver looks at it"),
        "" + stat.inode());
  }

  void addTemporary(Path path, Stat stat) {
    if (isSettled(stat)) {
      add(
          Finding.repairable(
              place(path),
              Kind.TEMPORARY_FILE,
              path
                  + " is left over from a write that was cut short; the file it was to replace is"
                  + " whole",
              "a repair removes it"),
          evidence(stat));
    }
  }

  /** Whether nobody who has the pool open can be just about to do something with it. */
  boolean isSettled(Stat stat) {
    return !inUse || isOld(stat);
  }

  static boolean isOld(Stat stat) {
    return stat.modified().toInstant().isBefore(Instant.now().minus(SETTLED));
  }

  /** What is the pool's is its owner's alone. */
  void checkAccess(Path path, Stat stat) {
    if (stat.open()) {
      add(
          Finding.repairable(
              place(path),
              Kind.PERMISSIONS,
              path
                  + " has the permissions "
                  + stat.permissions()
                  + ": others than its owner may use it",
              "a repair takes them from group and others: chmod go= " + path),
          "" + stat.inode());
    }
    if (stat.owner() != owner) {
      add(
          Finding.repairable(
              place(path),
              Kind.OWNER,
              path + " belongs to user " + stat.owner() + ", and pool.json to user " + owner,
              "a repair gives it to user " + owner + ": chown " + owner + " " + path),
          "" + stat.inode());
    }
  }

  static String evidence(Stat stat) {
    return stat.inode() + " " + stat.modified();
  }

  String place(Path path) {
    return layout.root().relativize(path).toString();
  }

  static boolean isHeld(Path lock) throws IOException {
    return FileLocks.state(lock) == LockState.EXCLUSIVE;
  }

  PoolLayout layout() {
    return layout;
  }

  List<PoolLayout> all() {
    return all;
  }

  boolean knows(NodeId node) {
    return nodes.contains(node);
  }

  void promised(long bytes) {
    promisedBytes += bytes;
  }

  long promisedBytes() {
    return promisedBytes;
  }

  int volumes() {
    return volumes;
  }

  int snapshots() {
    return snapshots;
  }

  int groups() {
    return groups;
  }

  /** One that finds apart what is in doubt, to be {@linkplain #take taken over} or dropped. */
  PoolLook apart() {
    PoolLook apart = new PoolLook(layout, all, users, inUse, owner);
    apart.nodes = nodes;
    return apart;
  }

  void take(PoolLook apart) {
    found.putAll(apart.found);
    promisedBytes += apart.promisedBytes;
  }

  boolean isEmpty() {
    return found.isEmpty();
  }
}
