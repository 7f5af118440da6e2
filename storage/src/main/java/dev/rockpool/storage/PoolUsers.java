package dev.rockpool.storage;

import static java.util.Comparator.naturalOrder;

import dev.rockpool.storage.host.LockState;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Who opens a pool, as its directory tells: nothing is locked to find out. */
final class PoolUsers {
  private static final String RECORD = ".json";

  private final PoolLayout layout;
  private final PoolKind kind;

  PoolUsers(PoolLayout layout, PoolKind kind) {
    this.layout = layout;
    this.kind = kind;
  }

  /** The nodes that open the pool, or have opened it. */
  Set<NodeId> known() throws IOException {
    Set<NodeId> known = new TreeSet<>();
    for (String name : names(layout.nodes())) {
      if (name.endsWith(RECORD)) {
        try {
          known.add(NodeId.parse(name.substring(0, name.length() - RECORD.length())));
        } catch (StorageException e) {
          // A file that is no node's.
        }
      }
    }
    return known;
  }

  /** The nodes whose drivers have it open now. */
  Set<NodeId> open() throws IOException {
    Set<NodeId> open = new TreeSet<>();
    switch (kind) {
      case LOCAL -> {
        if (isHeld(layout.poolLock())) {
          open.addAll(lastToOpen());
        }
      }
      case SHARED -> {
        for (NodeId node : known()) {
          if (isHeld(layout.nodeLock(node))) {
            open.add(node);
          }
        }
      }
    }
    return open;
  }

  /** Whether a driver has it open now. */
  boolean inUse() throws IOException {
    return switch (kind) {
      case LOCAL -> isHeld(layout.poolLock());
      case SHARED -> !open().isEmpty();
    };
  }

  /** A local pool's lock does not tell whose it is; but each node writes down when it opens it. */
  private List<NodeId> lastToOpen() throws IOException {
    List<NodeRecord> records = new ArrayList<>();
    for (NodeId node : known()) {
      try {
        records.add(Json.read(layout.node(node), NodeRecord.class, NodeRecord.FORMAT_VERSION));
      } catch (IOException e) {
        // What can't be read was not written by who has it open now.
      }
    }
    Instant last =
        records.stream().map(NodeRecord::openedAt).max(naturalOrder()).orElse(Instant.MAX);
    return records.stream()
        .filter(record -> record.openedAt().equals(last))
        .map(NodeRecord::id)
        .toList();
  }

  private static boolean isHeld(Path lock) throws IOException {
    return FileLocks.state(lock) != LockState.FREE;
  }

  /** The names in a directory, sorted; none if it is not there. */
  static List<String> names(Path directory) throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      entries.forEach(entry -> names.add(String.valueOf(entry.getFileName())));
    } catch (NoSuchFileException e) {
      return List.of();
    }
    names.sort(null);
    return names;
  }
}
