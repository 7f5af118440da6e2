package dev.rockpool.storage.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class LoopDevicesIT {
  private static final int MIB = 1 << 20;

  @TempDir private Path directory;
  private final Host host = new ExecHost((program, succeeded, took) -> {});
  private final LoopDevices devices = new LoopDevices(host);
  private final List<LoopDevice> attached = new ArrayList<>();
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = directory.resolve("disk image");
    resizeImage(16 * MIB);
  }

  @AfterEach
  void detachAll() {
    attached.stream().filter(this::ours).forEach(devices::detach);
    await().until(() -> attached.stream().noneMatch(this::ours));
  }

  /** Whoever attaches an image next gets the number of a device that is free. */
  private boolean ours(LoopDevice device) {
    return device.backingFile().filter(file -> file.startsWith(directory.toString())).isPresent();
  }

  private void resizeImage(long bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  private LoopDevice attach(boolean readOnly, int sectorBytes) {
    LoopDevice device = devices.attach(image, readOnly, sectorBytes);
    attached.add(device);
    return device;
  }

  @Test
  void anImageThatIsNotAttachedHasNoDevice() throws IOException {
    assertThat(devices.of(image)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void aDeviceHasTheSectorsThatWereAskedFor(int sectorBytes) {
    LoopDevice device = attach(false, sectorBytes);
    assertThat(device.attached()).isTrue();
    assertThat(device.sizeBytes()).isEqualTo(16 * MIB);
    assertThat(device.readOnly()).isFalse();
    assertThat(new BlockDevice(device.majorMinor()).logicalSectorBytes()).contains(sectorBytes);
    assertThat(BlockDevice.ofNode(device.path())).contains(new BlockDevice(device.majorMinor()));
  }

  @Test
  void aDeviceMayGoWhileItIsReadAbout() throws Exception {
    LoopDevice device = attach(false, 512);
    devices.detach(device);
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      Future<?> comesAndGoes =
          other.submit(() -> {
            for (int i = 0; i < 300; i++) {
              attach(false, 512);
              attached.forEach(devices::detach);
              attached.clear();
            }
          });
      while (!comesAndGoes.isDone()) {
        assertThat(device.backingFile().orElse("")).isNotNull();
        assertThat(device.sizeBytes()).isNotNegative();
      }
      comesAndGoes.get();
    }
  }

  @Test
  void theDevicesOfAnImageAreFoundWithTheirFlag() throws IOException {
    LoopDevice writable = attach(false, 512);
    LoopDevice readOnly = attach(true, 512);
    assertThat(devices.of(image))
        .containsExactlyInAnyOrder(
            new LoopDevices.Attached(writable, false, false, true),
            new LoopDevices.Attached(readOnly, true, false, true));
    assertThat(readOnly.readOnly()).isTrue();
  }

  @Test
  void aReadOnlyDeviceCantBeWritten() {
    LoopDevice device = attach(true, 512);
    assertThatThrownBy(
            () -> {
              try (FileChannel channel =
                  FileChannel.open(device.path(), StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(512));
                channel.force(true);
              }
            })
        .hasMessageContaining("Operation not permitted");
    assertThat(image).hasSize(16 * MIB);
  }

  @Test
  void anImageIsFoundByWhatItIsAndNotByItsName() throws IOException {
    LoopDevice device = attach(false, 512);
    Path renamed = Files.move(image, directory.resolve("renamed"));
    resizeImage(16 * MIB);
    assertThat(devices.of(renamed)).extracting(LoopDevices.Attached::device).contains(device);
    assertThat(devices.of(image)).isEmpty();
  }

  @Test
  void aDeviceGrowsWithItsImage() throws IOException {
    LoopDevice device = attach(false, 512);
    resizeImage(32 * MIB);
    assertThat(device.sizeBytes()).isEqualTo(16 * MIB);
    devices.resize(device);
    assertThat(device.sizeBytes()).isEqualTo(32 * MIB);
  }

  @Test
  void aDetachedDeviceServesNothing() throws IOException {
    LoopDevice device = attach(false, 512);
    devices.detach(device);
    await().until(() -> !ours(device));
    assertThat(devices.of(image)).isEmpty();
  }

  @Test
  void aDeviceThatServesNothingIsDetached() {
    LoopDevice none = new LoopDevice(1_000_000);
    devices.detach(none);
    assertThat(none.attached()).isFalse();
    assertThat(none.backingFile()).isEmpty();
  }

  @Test
  void aDeviceTellsTheNameOfItsImage() throws IOException {
    LoopDevice device = attach(false, 512);
    assertThat(device.backingFile()).contains(image.toRealPath().toString());
    Files.delete(image);
    assertThat(device.backingFile())
        .hasValueSatisfying(name -> assertThat(name).contains("deleted"));
  }

  @Test
  void anImageThatIsMissingCantBeAttached() {
    assertThatThrownBy(() -> devices.attach(directory.resolve("none"), false, 512))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("No such file or directory");
  }

  @Test
  void otherProgramsSeeTheImage() throws IOException {
    LoopDevice device = attach(true, 512);
    assertThat(losetup("BACK-FILE", device)).isEqualTo(image.toRealPath().toString());
    assertThat(losetup("RO", device)).isEqualTo("1");
  }

  private String losetup(String column, LoopDevice device) {
    return host.run(Command.of("losetup", "--noheadings", "-O", column, device.toString())).strip();
  }

  @Test
  void whatIsHeldVanishesWithItsHolder() throws IOException {
    LoopDevice device;
    try (LoopDevices.Held held = devices.hold(image, false, 512)) {
      device = held.device();
      assertThat(devices.of(image))
          .containsExactly(new LoopDevices.Attached(device, false, true, true));
    }
    await().until(() -> !ours(device));
  }

  @Test
  void whatIsHeldStaysWhileItIsMounted() throws IOException {
    host.run(Command.of("mkfs.ext4", "-q", "-F", image.toString()));
    Path mountPoint = Files.createDirectory(directory.resolve("mounted"));
    Mounter mounter = new Mounter(host);
    LoopDevice device;
    try (LoopDevices.Held held = devices.hold(image, false, 512)) {
      device = held.device();
      mounter.mount("ext4", "", device, mountPoint);
    }
    try {
      assertThat(ours(device)).isTrue();
      // As after a crash between the two: it vanishes with its mount all the same.
      devices.detach(device);
      assertThat(ours(device)).isTrue();
    } finally {
      mounter.unmount(mountPoint);
    }
    await().until(() -> !ours(device));
  }

  @Test
  void ofManyAtOnceEachGetsADeviceOfItsOwn() throws Exception {
    int callers = 16;
    try (ExecutorService threads = Executors.newFixedThreadPool(callers)) {
      List<Future<LoopDevice>> results =
          threads.invokeAll(Collections.nCopies(callers, () -> devices.attach(image, true, 512)));
      for (Future<LoopDevice> result : results) {
        attached.add(result.get());
      }
    }
    assertThat(attached).hasSize(callers).doesNotHaveDuplicates();
    assertThat(devices.of(image))
        .extracting(LoopDevices.Attached::device)
        .containsExactlyInAnyOrderElementsOf(attached);
  }

  @Test
  void aDeletedImageIsServedUntilItIsDetached() throws IOException {
    LoopDevice device = attach(false, 512);
    Files.delete(image);
    resizeImage(16 * MIB);
    assertThat(devices.of(image)).isEmpty();
    devices.resize(device);
    assertThat(device.sizeBytes()).isEqualTo(16 * MIB);
  }

  @Test
  void sectorsThatNoDeviceHasAreRefused() throws IOException {
    assertThatThrownBy(() -> devices.attach(image, false, 1000))
        .isInstanceOf(StorageException.class)
        .hasMessageContainingAll(image.toString(), "LOOP_CONFIGURE", "Invalid argument");
    assertThat(devices.of(image)).isEmpty();
  }

  @Test
  void onlyPathsOfLoopDevicesAreTakenForThem() {
    assertThat(LoopDevice.ofPath("/dev/loop12")).contains(new LoopDevice(12));
    for (String path :
        List.of("/dev/loop", "/dev/loop-1", "/dev/loop1p1", "/dev/loop99999999999", "loop1", "")) {
      assertThat(LoopDevice.ofPath(path)).as(path).isEqualTo(Optional.empty());
    }
  }

  @Test
  void aFileHasTheDeviceNumberOfItsFilesystem() throws IOException {
    assertThat(FileId.of(image)).isEqualTo(FileId.of(directory.resolve("./disk image")));
    assertThat(MountTable.read().ofDevice(FileId.of(image).majorMinor())).isNotEmpty();
    assertThat(FileId.majorMinor(0x10301)).isEqualTo("259:1");
    assertThat(FileId.majorMinor(0x0000_0000_1230_0745L)).isEqualTo("7:74565");
  }
}
