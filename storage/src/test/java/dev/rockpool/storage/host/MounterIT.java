package dev.rockpool.storage.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class MounterIT {
  @TempDir private Path directory;
  private final Host host = new ExecHost((program, succeeded, took) -> {});
  private final LoopDevices devices = new LoopDevices(host);
  private final Mounter mounter = new Mounter(host);
  private Path image;
  private Path first;
  private Path second;

  @BeforeEach
  void makeImage() throws IOException {
    directory = directory.toRealPath();
    image = directory.resolve("image");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(16 << 20);
    }
    host.run(Command.of("mkfs.ext4", "-q", "-F", image.toString()));
    first = Files.createDirectory(directory.resolve("first place"));
    second = Files.createDirectory(directory.resolve("second"));
  }

  @AfterEach
  void unmountAll() {
    for (Path place : new Path[] {second, first}) {
      while (MountTable.read().at(place).isPresent()) {
        mounter.unmount(place);
      }
    }
  }

  private void mount(String options) {
    try (LoopDevices.Held held = devices.hold(image, false, 512)) {
      mounter.mount("ext4", options, held.device(), first);
    }
  }

  private static Mount at(Path place) {
    return MountTable.read().at(place).orElseThrow();
  }

  @Test
  void aMountHasItsOptions() {
    mount("noatime,nosuid,ro,noload");
    assertThat(at(first).options()).contains("noatime", "nosuid", "ro").doesNotContain("nodev");
    assertThat(at(first).superOptions()).contains("norecovery");
  }

  @Test
  void optionsThatOnlyMount8KnowsAreLeftToIt() {
    mount("defaults,data=journal,nodev");
    assertThat(at(first).options()).contains("nodev", "rw");
    assertThat(at(first).superOptions()).contains("data=journal");
  }

  @Test
  void aBindIsReadOnlyByItselfAndKeepsTheRestrictions() throws IOException {
    mount("nosuid,nodev,noatime");
    mounter.bind(first, second, true);
    assertThat(at(second).options()).contains("ro", "nosuid", "nodev", "noatime");
    assertThat(at(first).options()).contains("rw");
    Files.createFile(first.resolve("file"));
    assertThatThrownBy(() -> Files.createFile(second.resolve("other")))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Read-only file system");
  }

  @Test
  void aMountInUseStaysAndTheReasonIsTold() throws IOException {
    mount("");
    Path file = Files.createFile(first.resolve("file"));
    try (var _ = Files.newInputStream(file)) {
      assertThatThrownBy(() -> mounter.unmount(first))
          .isInstanceOf(StorageException.class)
          .hasMessageContainingAll("umount " + first, "busy");
    }
    assertThat(MountTable.read().at(first)).isPresent();
  }

  @Test
  void aMountThatIsBusyForAMomentIsTakenOff() throws Exception {
    mount("");
    Path file = Files.createFile(first.resolve("file"));
    var in = Files.newInputStream(file);
    Thread user =
        Thread.ofPlatform()
            .start(() -> {
              LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
              try {
                in.close();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });

    mounter.unmount(first);

    user.join();
    assertThat(MountTable.read().at(first)).isEmpty();
  }

  @Test
  void aFailureNamesWhatAndWhyButNoOption() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.write(new byte[64 << 10]);
    }
    assertThatThrownBy(() -> mount("noatime"))
        .isInstanceOf(StorageException.class)
        .hasMessageContainingAll("mount -t ext4 -o ***", first.toString(), "Invalid argument")
        .hasMessageNotContaining("noatime");
    assertThat(devices.of(image)).isEmpty();
  }

  @Test
  void aSymlinkIsNotFollowedToUnmount() throws IOException {
    mount("");
    Path link = Files.createSymbolicLink(directory.resolve("link"), first);
    assertThatThrownBy(() -> mounter.unmount(link)).isInstanceOf(StorageException.class);
    assertThat(MountTable.read().at(first)).isPresent();
  }

  @Test
  void whatIsMissingCantBeShownAnywhere() {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> mounter.bind(missing, second, false))
        .isInstanceOf(StorageException.class)
        .hasMessageContainingAll(missing.toString(), "No such file or directory");
  }
}
