package dev.rockpool.driver.cli;

import dev.rockpool.storage.Access;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.Requester;
import dev.rockpool.storage.SnapshotRecord;
import dev.rockpool.storage.VolumeRecord;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The volumes and snapshots that can be imported, and what cannot. */
final class ImportTable {
  private final Table table =
      new Table("kind", "id", "pool", "contents", "size", "state", "held by", "made for");
  private final List<String> orphans = new ArrayList<>();
  private final Set<NodeId> gone = new TreeSet<>();

  /**
   * @param running the nodes whose drivers have the pool open
   */
  void add(Pool pool, Set<NodeId> running) {
    for (PoolContents.Entry<VolumeRecord> entry : PoolContents.all(pool, new VolumePart())) {
      switch (entry) {
        case PoolContents.Known<VolumeRecord>(Pool _, String id, VolumeRecord record) ->
            table.row(
                "volume",
                id,
                pool.name().value(),
                Labels.of(record.contents()),
                ByteSize.format(record.capacityBytes()),
                Labels.of(record.state()),
                holders(record, running),
                requester(record.requestedBy()));
        case PoolContents.Orphan<VolumeRecord> orphan -> add("volume", orphan);
      }
    }
    for (PoolContents.Entry<SnapshotRecord> entry : PoolContents.all(pool, new SnapshotPart())) {
      switch (entry) {
        case PoolContents.Known<SnapshotRecord>(Pool _, String id, SnapshotRecord record) ->
            table.row(
                "snapshot",
                id,
                pool.name().value(),
                Labels.of(record.contents()),
                ByteSize.format(record.sizeBytes()),
                Labels.of(record.state()),
                "-",
                requester(record.requestedBy()));
        case PoolContents.Orphan<SnapshotRecord> orphan -> add("snapshot", orphan);
      }
    }
  }

  private void add(String kind, PoolContents.Orphan<?> orphan) {
    orphans.add(
        kind
            + " \""
            + Printable.of(orphan.id())
            + "\" in pool \""
            + orphan.pool().name()
            + "\" can't be imported: "
            + orphan.problem());
  }

  private String holders(VolumeRecord record, Set<NodeId> running) {
    for (Attachment held : record.attachments()) {
      if (!running.contains(held.node())) {
        gone.add(held.node());
      }
    }
    return record.attachments().isEmpty()
        ? "-"
        : record.attachments().stream()
            .map(held -> holder(held, running.contains(held.node())))
            .collect(Collectors.joining(", "));
  }

  private static String holder(Attachment held, boolean running) {
    return held.node()
        + (held.access() == Access.READ_ONLY ? " (ro" : " (rw")
        + (running ? ")" : ", not running)");
  }

  private static String requester(Optional<Requester> by) {
    return by.map(named -> Printable.of(named.toString())).orElse("-");
  }

  void print(PrintWriter out) {
    table.print(out);
    orphans.forEach(orphan -> out.printf("%n%s%n", orphan));
    if (!gone.isEmpty()) {
      out.printf(
          "%nHeld by nodes whose drivers don't have the pool open: %s. If one is gone for good,"
              + " --release it.%n",
          gone.stream().map(NodeId::value).collect(Collectors.joining(", ")));
    }
  }
}
