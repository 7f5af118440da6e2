package dev.rockpool.storage.powercut;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether the power cuts that are made find what programs get wrong. */
final class PowerCutsTest {
  private static final Path ROOT = Path.of("/pool");
  private static final Path FILE = ROOT.resolve("file");
  private static final Path TEMPORARY = ROOT.resolve("file.tmp");
  private static final DiskCall.SyncAll ALL = new DiskCall.SyncAll();
  private static final DiskCall.Say DONE = new DiskCall.Say("done");

  @TempDir private Path directory;
  private Path base;

  @BeforeEach
  void makeBase() throws IOException {
    base = Files.createDirectory(directory.resolve("base"));
  }

  private static DiskCall open(Path file) {
    return new DiskCall.Open(file, true);
  }

  private static DiskCall write(Path file, String text) {
    return new DiskCall.Write(file, 0, ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  private interface Look<T> {
    T at(Path disk) throws IOException;
  }

  /** What is found on the disks that power cuts from that call on leave. */
  private <T> Set<T> found(int from, Look<T> look, DiskCall... calls) throws IOException {
    LossyDisk disk = new LossyDisk(ROOT, base, Files.createDirectory(directory.resolve("scratch")));
    for (DiskCall call : calls) {
      disk.apply(call);
    }
    Set<T> found = new TreeSet<>();
    for (PowerCuts.Cut cut : PowerCuts.of(disk, 1)) {
      if (cut.calls() >= from) {
        Path target = Files.createTempDirectory(directory, "cut").resolve("disk");
        cut.build(disk, target);
        found.add(look.at(target));
      }
    }
    return found;
  }

  private static String content(Path disk) throws IOException {
    Path file = disk.resolve("file");
    return Files.exists(file) ? Files.readString(file) : "-";
  }

  /** What the file can hold after a power cut; "-" if it is not there. */
  private Set<String> found(DiskCall... calls) throws IOException {
    return found(0, PowerCutsTest::content, calls);
  }

  /** What the file can hold if all calls were made. */
  private Set<String> foundLast(DiskCall... calls) throws IOException {
    return found(calls.length, PowerCutsTest::content, calls);
  }

  @Test
  void aReplacementWithoutASyncMayBeEmptyOrTorn() throws IOException {
    Files.writeString(base.resolve("file"), "old");
    assertThat(
            found(open(TEMPORARY), write(TEMPORARY, "news"), new DiskCall.Rename(TEMPORARY, FILE)))
        .containsExactly("", "ne", "news", "old");
  }

  @Test
  void aReplacementWithASyncIsOldOrNew() throws IOException {
    Files.writeString(base.resolve("file"), "old");
    assertThat(
            found(
                open(TEMPORARY),
                write(TEMPORARY, "news"),
                new DiskCall.Sync(TEMPORARY),
                new DiskCall.Rename(TEMPORARY, FILE)))
        .containsExactly("news", "old");
  }

  @Test
  void aNameIsLastingOnceItsDirectoryIsSynced() throws IOException {
    assertThat(foundLast(open(FILE), new DiskCall.Sync(ROOT), DONE)).containsExactly("");
  }

  @Test
  void aNameIsNotLastingForItsFileIsSynced() throws IOException {
    assertThat(foundLast(open(FILE), new DiskCall.Sync(FILE), DONE)).containsExactly("", "-");
  }

  @Test
  void everythingIsLastingAfterASyncOfAll() throws IOException {
    assertThat(foundLast(open(FILE), write(FILE, "text"), ALL, DONE)).containsExactly("text");
  }

  @Test
  void whatIsClonedOfAFileIsWhatItHadThen() throws IOException {
    Path clone = ROOT.resolve("clone");
    assertThat(
            foundLast(
                open(clone),
                write(clone, "then"),
                open(FILE),
                new DiskCall.Clone(clone, FILE),
                write(clone, "now!"),
                ALL,
                DONE))
        .containsExactly("then");
  }

  @Test
  void aRemovalMayBeThereBeforeAnEarlierOne() throws IOException {
    Files.writeString(base.resolve("file"), "data");
    Files.writeString(base.resolve("record"), "record");
    assertThat(
            found(
                0,
                disk ->
                    Files.exists(disk.resolve("file")) + " " + Files.exists(disk.resolve("record")),
                new DiskCall.Remove(FILE),
                new DiskCall.Remove(ROOT.resolve("record"))))
        .containsExactly("false false", "false true", "true false", "true true");
  }
}
