package dev.rockpool.controller;

import dev.rockpool.proto.Requests;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * The parameters of a VolumeAttributesClass: what may change while a volume lives. A key that is
 * not there changes nothing, the value 0 takes a limit away.
 */
final class MutableParameters {
  private static final String FIELD = "mutable_parameters";
  private static final String READ_IOPS = "readIops";
  private static final String WRITE_IOPS = "writeIops";
  private static final String READ_BYTES = "readBytesPerSecond";
  private static final String WRITE_BYTES = "writeBytesPerSecond";
  private static final List<String> KNOWN = List.of(READ_IOPS, WRITE_IOPS, READ_BYTES, WRITE_BYTES);
  // external-resizer adds the names of claim and volume, if it is told to.
  private static final String SIDECAR_PREFIX = "csi.storage.k8s.io/";
  private static final Pattern DIGITS = Pattern.compile("0|[1-9]\\d{0,17}");
  // The kernel counts I/Os in 32 bits. More than these nobody reaches: no limit says the same.
  private static final long MOST_IOPS = 1_000_000_000;
  private static final long MOST_BYTES = 1L << 50;

  private MutableParameters() {}

  /**
   * @throws StorageException INVALID with the key and its value, or what is known
   */
  static IoLimits.Change parse(Map<String, String> parameters) {
    Requests.requireKnown(parameters, FIELD, KNOWN, SIDECAR_PREFIX);
    return new IoLimits.Change(
        number(parameters, READ_IOPS, MOST_IOPS),
        number(parameters, WRITE_IOPS, MOST_IOPS),
        number(parameters, READ_BYTES, MOST_BYTES),
        number(parameters, WRITE_BYTES, MOST_BYTES));
  }

  private static OptionalLong number(Map<String, String> parameters, String key, long most) {
    String text = parameters.get(key);
    if (text == null) {
      return OptionalLong.empty();
    }
    if (!DIGITS.matcher(text).matches() || Long.parseLong(text) > most) {
      throw StorageException.invalid(
          FIELD
              + ": \""
              + key
              + "\" is \""
              + Printable.of(text)
              + "\"; expected a whole number from 1 to "
              + most
              + ", or 0 for no limit");
    }
    return OptionalLong.of(Long.parseLong(text));
  }
}
