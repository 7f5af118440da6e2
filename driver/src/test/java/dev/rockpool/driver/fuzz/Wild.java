package dev.rockpool.driver.fuzz;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Values that nobody would send. */
final class Wild {
  private static final List<String> KEYS =
      List.of(
          "pool",
          "allocation",
          "diskConflict",
          "mkfsOptions",
          "size",
          "readIops",
          "writeIops",
          "readBytesPerSecond",
          "writeBytesPerSecond",
          "csi.storage.k8s.io/fstype",
          "csi.storage.k8s.io/ephemeral",
          "csi.storage.k8s.io/pvc/name",
          "topology.rockpool.dev/node");
  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          ".",
          "..",
          "/",
          "//",
          "-",
          "-rf",
          "--help",
          "../../etc/passwd",
          "/etc/passwd",
          "/proc/self/root/etc",
          "/dev/zero",
          "volume-0/../volume-1",
          "volume-0/",
          "volume-0\u0000",
          "volume-0\n",
          "Volume-0",
          "v-0",
          "nothing",
          "node",
          "other-node",
          "default",
          "team",
          "true",
          "thick",
          "pod",
          "ext4",
          "xfs",
          "btrfs",
          "ext3",
          "0",
          "-1",
          "1Gi",
          "64Mi",
          "9223372036854775808",
          "1e9",
          "-i 0",
          "-b 3",
          "-L name",
          "-d ..",
          "-z undo",
          "-V",
          "noatime",
          "no_such_flag",
          "remount,rw",
          "after:volume-0",
          "after:",
          "after:../x",
          "$(touch /touched)",
          "`touch /touched`",
          "; touch /touched",
          "%s%n%x",
          "{}\"'\\",
          "\u0001\u001b[2J",
          "\u007f\u0085\u009f",
          "\u202egnp.exe",
          "\u6f22\u5b57",
          "\ud834\udd1e",
          "\ufeff",
          "csi-" + "0123456789abcdef".repeat(4),
          "a".repeat(63),
          "a".repeat(64),
          "a".repeat(128),
          "a".repeat(129),
          "\u6f22".repeat(43));
  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    511,
    4096,
    1 << 20,
    (1 << 20) + 1,
    64 << 20,
    1L << 31,
    1L << 40,
    1L << 62,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Long.MAX_VALUE - 4095
  };

  private final Random random;
  private final List<String> paths = new ArrayList<>();

  /**
   * @param places paths that are made into others
   */
  Wild(Random random, List<Path> places) {
    this.random = random;
    for (Path place : places) {
      for (String more :
          List.of(
              "", "/", "/.", "/..", "/../escaped", "//x", "/new", "/new/deep", "\u0000", "\n")) {
        paths.add(place + more);
      }
      paths.add(place.resolve("n".repeat(255)).toString());
      paths.add(place.resolve("n".repeat(256)).toString());
      paths.add(place + "/d".repeat(1500));
      paths.add(place + "/d".repeat(2500));
      paths.add(place + "/d".repeat(40_000));
      paths.add(place.resolve("\u6f22\u5b57").toString());
      paths.add(place.toString().substring(1));
    }
  }

  String key() {
    return random.nextInt(4) == 0 ? text() : pick(KEYS);
  }

  String text() {
    return switch (random.nextInt(20)) {
      case 0 -> noise(random.nextInt(200));
      case 1 -> noise(1 << random.nextInt(17));
      // Next to what one message may have, and beyond.
      case 2 -> random.nextInt(20) == 0 ? "a".repeat((4 << 20) - 100) : "";
      case 3, 4, 5, 6 -> path();
      default -> pick(TEXTS);
    };
  }

  String path() {
    return pick(paths);
  }

  long number() {
    return random.nextInt(8) == 0 ? random.nextLong() : NUMBERS[random.nextInt(NUMBERS.length)];
  }

  private String noise(int length) {
    StringBuilder noise = new StringBuilder();
    for (int i = 0; i < length; i++) {
      int point = random.nextInt(random.nextInt(4) == 0 ? Character.MAX_CODE_POINT + 1 : 128);
      noise.appendCodePoint(point >= 0xd800 && point <= 0xdfff ? 'x' : point);
    }
    return noise.toString();
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
