package dev.rockpool.proto;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import dev.rockpool.proto.csi.CapacityRange;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.StorageException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Checks of what stands in a request before anything is looked up. Each failure names the field,
 * and never a value that may be secret.
 */
public final class Requests {
  // CSI: Size Limits.
  private static final int STRING_BYTES = 128;
  private static final int NODE_ID_BYTES = 256;
  private static final int MAP_BYTES = 4 << 10;
  // CSI: CreateVolumeRequest.name.
  private static final Pattern BANNED =
      Pattern.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]");

  private Requests() {}

  /**
   * Checks what the specification asks of every message: strings of at most 128 bytes (256 for a
   * node id, the system's limit for a path), maps and lists of flags of at most 4 KiB, and enum
   * values that exist.
   *
   * @throws StorageException INVALID with the field
   */
  public static void check(Message request) {
    check(request, "");
  }

  private static void check(Message message, String prefix) {
    message.getAllFields().forEach((field, value) -> checkField(field, value, prefix));
  }

  private static void checkField(FieldDescriptor field, Object value, String prefix) {
    String name = prefix + field.getName();
    if (field.isMapField()) {
      long bytes = 0;
      for (Object entry : (List<?>) value) {
        MapEntry<?, ?> pair = (MapEntry<?, ?>) entry;
        bytes += bytes(pair.getKey()) + bytes(pair.getValue());
      }
      atMost(bytes, MAP_BYTES, name);
    } else if (field.isRepeated()) {
      long bytes = 0;
      boolean flags = field.getName().equals("mount_flags");
      for (Object element : (List<?>) value) {
        bytes += flags ? bytes(element) : 0;
        checkValue(element, name, flags ? MAP_BYTES : STRING_BYTES);
      }
      atMost(bytes, MAP_BYTES, name);
    } else if (field.getName().equals("node_id")) {
      checkValue(value, name, NODE_ID_BYTES);
    } else {
      checkValue(value, name, field.getName().endsWith("_path") ? Long.MAX_VALUE : STRING_BYTES);
    }
  }

  private static void checkValue(Object value, String name, long most) {
    switch (value) {
      case String text -> atMost(bytes(text), most, name);
      case EnumValueDescriptor constant when constant.getIndex() < 0 ->
          throw StorageException.invalid(name + ": there is no value " + constant.getNumber());
      case Message message -> check(message, name + ".");
      default -> {}
    }
  }

  private static long bytes(Object text) {
    return text.toString().getBytes(StandardCharsets.UTF_8).length;
  }

  private static void atMost(long bytes, long most, String name) {
    if (bytes > most) {
      throw StorageException.invalid(
          name + " has " + bytes + " bytes; at most " + most + " are allowed");
    }
  }

  /** The text of a field that must be there. */
  public static String require(String value, String field) {
    if (value.isEmpty()) {
      throw StorageException.invalid(field + " is required");
    }
    return value;
  }

  /** What the text of a field that must be there stands for. */
  public static <T> T require(String value, String field, Function<String, T> parse) {
    require(value, field);
    try {
      return parse.apply(value);
    } catch (StorageException e) {
      throw new StorageException(e.reason(), field + ": " + e.getMessage(), e);
    }
  }

  /** A name that somebody gave: there, and free of control characters. */
  public static String requireName(String value, String field) {
    require(value, field);
    if (BANNED.matcher(value).find()) {
      throw StorageException.invalid(field + " holds a control character");
    }
    return value;
  }

  /** A number that must not be negative. */
  public static int requireNatural(int value, String field) {
    if (value < 0) {
      throw StorageException.invalid(field + " " + value + " is negative");
    }
    return value;
  }

  /** The sizes that the range accepts. */
  public static SizeRange sizes(CapacityRange range) {
    return new SizeRange(range.getRequiredBytes(), range.getLimitBytes());
  }

  /**
   * That a map has known keys only.
   *
   * @param prefix keys that begin with it are let pass; empty = none
   */
  public static void requireKnown(
      Map<String, String> map, String field, List<String> known, String prefix) {
    for (String key : map.keySet()) {
      if (!known.contains(key) && (prefix.isEmpty() || !key.startsWith(prefix))) {
        throw StorageException.invalid(
            field
                + ": unknown key \""
                + Printable.of(key)
                + "\"; known keys: "
                + (known.isEmpty() ? "none" : String.join(", ", known)));
      }
    }
  }
}
