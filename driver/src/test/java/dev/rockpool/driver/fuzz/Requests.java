package dev.rockpool.driver.fuzz;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.UnknownFieldSet;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * Random requests of any kind, by their descriptors. Each is about one volume; of its fields some,
 * none or all are wild.
 */
final class Requests {
  private static final double[] WILDNESS = {0, 0.05, 0.1, 0.2, 0.4, 1};
  private static final List<Mode> MODES =
      List.of(Mode.SINGLE_NODE_MULTI_WRITER, Mode.MULTI_NODE_READER_ONLY);
  // What a usual request leaves out.
  private static final List<String> RARE =
      List.of(
          "volume_content_source",
          "accessibility_requirements",
          "accessible_topology",
          "starting_token",
          "starting_offset",
          "max_entries",
          "max_results",
          "secrets",
          "publish_context",
          "volume_context",
          "mutable_params",
          "limit_bytes",
          "mount_flags",
          "volume_mount_group",
          "snapshot_ids");

  private final Random random;
  private final Wild wild;
  private final Path targets;
  private Subject subject = Subject.ALL.getFirst();
  private double wildness;

  /**
   * @param targets the directory of staging paths and targets
   */
  Requests(Random random, Wild wild, Path targets) {
    this.random = random;
    this.wild = wild;
    this.targets = targets;
  }

  /** About a volume of its own choice. */
  DynamicMessage next(Descriptor type) {
    return next(type, Subject.any(random), WILDNESS[random.nextInt(WILDNESS.length)]);
  }

  /**
   * @param strange how probable it is of each field that it is wild
   */
  DynamicMessage next(Descriptor type, Subject about, double strange) {
    subject = about;
    wildness = strange;
    return message(type);
  }

  private DynamicMessage message(Descriptor type) {
    DynamicMessage.Builder message = DynamicMessage.newBuilder(type);
    for (FieldDescriptor field : type.getFields()) {
      boolean strange = random.nextDouble() < wildness;
      if (strange ? random.nextInt(4) > 0 : isUsual(field)) {
        set(message, field, strange);
      }
    }
    if (random.nextDouble() < wildness / 4) {
      message.setUnknownFields(unknown());
    }
    return message.build();
  }

  private boolean isUsual(FieldDescriptor field) {
    return switch (field.getName()) {
      case "block" -> subject.fsType().isEmpty();
      case "mount" -> !subject.fsType().isEmpty();
      case "snapshot", "volume" -> random.nextBoolean();
      case "readonly" -> random.nextInt(3) == 0;
      default -> !RARE.contains(field.getName()) || random.nextInt(12) == 0;
    };
  }

  private void set(DynamicMessage.Builder message, FieldDescriptor field, boolean strange) {
    if (!field.isRepeated()) {
      message.setField(field, value(field, strange));
      return;
    }
    int count = strange ? random.nextInt(random.nextInt(10) == 0 ? 200 : 4) : 1;
    for (int i = 0; i < count; i++) {
      message.addRepeatedField(
          field, field.isMapField() ? entry(field, strange) : value(field, strange));
    }
  }

  private Object entry(FieldDescriptor map, boolean strange) {
    Descriptor type = map.getMessageType();
    String key = strange ? wild.key() : usualKey(map.getName());
    String value = strange ? wild.text() : usualValue(key);
    return DynamicMessage.newBuilder(type)
        .setField(type.findFieldByNumber(1), key)
        .setField(type.findFieldByNumber(2), value)
        .build();
  }

  private static String usualKey(String map) {
    return switch (map) {
      case "volume_context" -> "csi.storage.k8s.io/ephemeral";
      case "mutable_params" -> "writeIops";
      case "segments" -> "topology.rockpool.dev/node";
      default -> "pool";
    };
  }

  private String usualValue(String key) {
    return switch (key) {
      case "csi.storage.k8s.io/ephemeral" -> "true";
      case "writeIops" -> "100";
      case "topology.rockpool.dev/node" -> ContainedDriver.NODE;
      default -> subject.pool();
    };
  }

  private Object value(FieldDescriptor field, boolean strange) {
    return switch (field.getJavaType()) {
      case STRING -> strange ? strangeText(field) : usualText(field);
      case INT -> strange ? (int) wild.number() : random.nextInt(3);
      case LONG -> strange ? wild.number() : usualNumber(field);
      case BOOLEAN -> !strange || random.nextBoolean();
      case DOUBLE -> Double.longBitsToDouble(random.nextLong());
      case FLOAT -> Float.intBitsToFloat(random.nextInt());
      case BYTE_STRING -> ByteString.copyFromUtf8(wild.text());
      case ENUM -> strange ? strangeConstant(field) : usualConstant(field);
      case MESSAGE -> message(field.getMessageType());
    };
  }

  private String strangeText(FieldDescriptor field) {
    return field.getName().endsWith("_path") && random.nextInt(4) > 0 ? wild.path() : wild.text();
  }

  private String usualText(FieldDescriptor field) {
    return switch (field.getName()) {
      case "volume_id", "source_volume_id", "source_volume_ids" -> subject.volume();
      case "snapshot_id", "snapshot_ids", "target_snapshot_id", "base_snapshot_id" ->
          subject.snapshot();
      case "group_snapshot_id" -> subject.group();
      case "name" -> name(field.getContainingType().getName());
      case "node_id" -> ContainedDriver.NODE;
      case "fs_type" -> subject.fsType();
      case "mount_flags" -> "noatime";
      case "staging_target_path" -> subject.staging(targets).toString();
      case "target_path" -> subject.target(targets, random.nextInt(2)).toString();
      case "volume_path" ->
          (random.nextBoolean() ? subject.staging(targets) : subject.target(targets, 0)).toString();
      default -> "";
    };
  }

  private String name(String request) {
    if (request.contains("Group")) {
      return subject.group();
    }
    return request.contains("Snapshot") ? subject.snapshot() : subject.volume();
  }

  private long usualNumber(FieldDescriptor field) {
    return switch (field.getName()) {
      case "required_bytes" -> subject.bytes() + ((long) random.nextInt(2) << 20);
      case "limit_bytes" -> subject.bytes() * 2;
      default -> 0;
    };
  }

  private EnumValueDescriptor strangeConstant(FieldDescriptor field) {
    return random.nextInt(3) == 0
        ? field.getEnumType().findValueByNumberCreatingIfUnknown((int) wild.number())
        : field
            .getEnumType()
            .getValues()
            .get(random.nextInt(field.getEnumType().getValues().size()));
  }

  private EnumValueDescriptor usualConstant(FieldDescriptor field) {
    Mode mode = random.nextInt(6) == 0 ? MODES.get(random.nextInt(MODES.size())) : subject.mode();
    return field.getEnumType() == Mode.getDescriptor()
        ? mode.getValueDescriptor()
        : field.getEnumType().getValues().getFirst();
  }

  private UnknownFieldSet unknown() {
    UnknownFieldSet.Field.Builder content = UnknownFieldSet.Field.newBuilder();
    switch (random.nextInt(3)) {
      case 0 -> content.addVarint(wild.number());
      case 1 -> content.addFixed64(wild.number());
      default -> content.addLengthDelimited(ByteString.copyFromUtf8(wild.text()));
    }
    return UnknownFieldSet.newBuilder()
        .addField(100 + random.nextInt(100_000), content.build())
        .build();
  }
}
