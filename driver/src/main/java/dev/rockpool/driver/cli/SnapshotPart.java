package dev.rockpool.driver.cli;

import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.GroupId;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.SnapshotRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The snapshots of pools, members of groups among them. */
final class SnapshotPart implements PoolPart<SnapshotRecord> {

  @Override
  public String noun() {
    return "snapshot";
  }

  @Override
  public String directory() {
    return "snapshots";
  }

  @Override
  public Optional<SnapshotRecord> find(Pool pool, String id) {
    return pool.find(SnapshotId.parse(id));
  }

  @Override
  public Path path(Pool pool, SnapshotRecord record) {
    return record.contents().image() ? pool.image(record.id()) : pool.data(record.id());
  }

  @Override
  public List<String> columns() {
    return List.of("volume", "size", "promised", "state", "group", "created");
  }

  @Override
  public List<String> cells(SnapshotRecord record) {
    return List.of(
        record.source().value(),
        ByteSize.format(record.sizeBytes()),
        ByteSize.format(record.promisedBytes()),
        state(record),
        record.group().map(GroupId::value).orElse("-"),
        record.createdAt().toString());
  }

  /** With how far it is copied; of a directory that is not known. */
  private static String state(SnapshotRecord record) {
    String state = Labels.of(record.state());
    return record.state() == SnapshotRecord.State.COPYING && record.contents().image()
        ? state + Labels.percent(record.copiedBytes(), record.sizeBytes())
        : state;
  }

  @Override
  public void describe(Pool pool, SnapshotRecord record, Details details) {
    details.line("name", Printable.of(record.name()));
    details.line("state", state(record));
    details.line("volume", record.source());
    details.line("contents", Labels.of(record.contents()));
    details.line("size", bytes(record.sizeBytes()));
    details.line("promised", bytes(record.promisedBytes()));
    if (record.contents().image()) {
      details.line("sector", record.sectorBytes() + " bytes");
    }
    record.group().ifPresent(group -> details.line("group", group(pool, group)));
    details.line("created", record.createdAt());
    details.line("taken by", record.node());
  }

  /** Members can't be used before all of them are there: so the group's state counts as well. */
  private static String group(Pool pool, GroupId id) {
    return pool.find(id).map(group -> id + " (" + Labels.of(group.state()) + ")").orElse("" + id);
  }

  private static String bytes(long bytes) {
    return ByteSize.format(bytes) + " (" + bytes + " bytes)";
  }
}
