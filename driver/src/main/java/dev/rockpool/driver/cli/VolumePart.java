package dev.rockpool.driver.cli;

import dev.rockpool.storage.Access;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.ByteSize;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The volumes of pools. */
final class VolumePart implements PoolPart<VolumeRecord> {

  @Override
  public String noun() {
    return "volume";
  }

  @Override
  public String directory() {
    return "volumes";
  }

  @Override
  public Optional<VolumeRecord> find(Pool pool, String id) {
    return pool.find(VolumeId.parse(id));
  }

  @Override
  public Path path(Pool pool, VolumeRecord record) {
    return record.contents().image() ? pool.image(record.id()) : pool.data(record.id());
  }

  @Override
  public List<String> columns() {
    return List.of("contents", "size", "state", "published to");
  }

  @Override
  public List<String> cells(VolumeRecord record) {
    return List.of(
        Labels.of(record.contents()),
        ByteSize.format(record.capacityBytes()),
        state(record),
        holders(record));
  }

  /** With how far it is copied from its source, where it is. */
  private static String state(VolumeRecord record) {
    String state = Labels.of(record.state());
    return record.state() == VolumeRecord.State.CREATING && record.copiedBytes() > 0
        ? state + Labels.percent(record.copiedBytes(), record.capacityBytes())
        : state;
  }

  private static String holders(VolumeRecord record) {
    return record.attachments().isEmpty()
        ? "-"
        : record.attachments().stream().map(VolumePart::holder).collect(Collectors.joining(", "));
  }

  private static String holder(Attachment held) {
    return held.node() + (held.access() == Access.READ_ONLY ? " (ro)" : " (rw)");
  }

  @Override
  public void describe(Pool pool, VolumeRecord record, Details details) {
    details.line("name", Printable.of(record.name()));
    details.line("state", state(record));
    details.line("contents", Labels.of(record.contents()));
    record.source().ifPresent(source -> details.line("source", source));
    details.line(
        "size",
        ByteSize.format(record.capacityBytes())
            + " ("
            + record.capacityBytes()
            + " bytes, "
            + (record.sizeEnforced() ? "enforced" : "not enforced")
            + ")");
    if (record.contents().image()) {
      details.line("allocation", Labels.of(record.allocation()));
      details.line("sector", record.sectorBytes() + " bytes");
    }
    if (!record.limits().none()) {
      details.line("limits", limits(record.limits()));
    }
    details.line("disk conflict", Labels.of(record.diskConflict()));
    if (!record.mkfsOptions().isEmpty()) {
      details.line("mkfs options", String.join(" ", record.mkfsOptions()));
    }
    details.line(
        "access modes",
        record.modes().stream().map(Enum::name).sorted().collect(Collectors.joining(", ")));
    details.line("created", record.createdAt());
    if (record.attachments().isEmpty()) {
      details.line("published to", "-");
    }
    record
        .attachments()
        .forEach(held ->
            details.line(
                "published to",
                held.node() + ", " + held.mode() + ", " + Labels.of(held.access())));
  }

  private static String limits(IoLimits limits) {
    List<String> set = new ArrayList<>();
    if (limits.readIops() > 0) {
      set.add(limits.readIops() + " reads/s");
    }
    if (limits.writeIops() > 0) {
      set.add(limits.writeIops() + " writes/s");
    }
    if (limits.readBytesPerSecond() > 0) {
      set.add(ByteSize.format(limits.readBytesPerSecond()) + "/s read");
    }
    if (limits.writeBytesPerSecond() > 0) {
      set.add(ByteSize.format(limits.writeBytesPerSecond()) + "/s written");
    }
    return String.join(", ", set);
  }
}
