package dev.rockpool.driver.leak;

import dev.rockpool.driver.Leftovers;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a process has at a moment when it does nothing.
 *
 * @param descriptors that are open
 * @param threads of the system
 * @param heapBytes that objects take which are in use
 * @param loopDevices that serve files of its pool
 * @param rssBytes memory of the machine
 */
record Footprint(int descriptors, int threads, long heapBytes, int loopDevices, long rssBytes) {
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");
  private static final Pattern RSS = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB");

  static Footprint of(long pid, Path pool) throws IOException {
    Path process = Path.of("/proc", "" + pid);
    // The histogram counts what is left after a collection of garbage, to the byte.
    String histogram = HOST.run(Command.of(jcmd(), "" + pid, "GC.class_histogram"));
    return new Footprint(
        count(process.resolve("fd")),
        count(process.resolve("task")),
        number(TOTAL, histogram),
        Leftovers.loopFiles(pool).size(),
        number(RSS, Files.readString(process.resolve("status"))) << 10);
  }

  private static String jcmd() {
    return Path.of(System.getProperty("java.home"), "bin/jcmd").toString();
  }

  private static long number(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map(MatchResult::group)
        .mapToLong(
            line -> Long.parseLong(line.replaceAll("^\\D+|\\D+$", "").replaceAll(".*\\s", "")))
        .reduce((_, last) -> last)
        .orElseThrow(() -> new IllegalStateException("no " + pattern + " in " + text));
  }

  private static int count(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return (int) entries.count();
    }
  }
}
