package dev.rockpool.controller;

import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.range;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.ListVolumesRequest;
import dev.rockpool.proto.csi.VolumeCondition;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conditions in ControllerGetVolume and ListVolumes, over a pool that can be filled. */
final class ConditionIT {
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});

  @TempDir private Path directory;
  private TestController controller;

  @BeforeEach
  void openAndCreate() {
    var _ = HOST.run(Command.of("mount", "-t", "tmpfs", "-o", "size=16m", "pool", "" + directory));
    controller = TestController.local("default=" + directory.resolve("pool"));
    controller.create(block("disk").setCapacityRange(range(MIB, 0)));
    controller.create(block("other").setCapacityRange(range(MIB, 0)));
  }

  @AfterEach
  void close() {
    controller.close();
    var _ = HOST.run(Command.of("umount", "" + directory));
  }

  private VolumeCondition condition(String id) {
    VolumeCondition told = controller.get(id).getStatus().getVolumeCondition();
    assertThat(
            controller
                .client()
                .listVolumes(ListVolumesRequest.getDefaultInstance())
                .getEntriesList())
        .filteredOn(entry -> entry.getVolume().getVolumeId().equals(id))
        .extracting(entry -> entry.getStatus().getVolumeCondition())
        .containsExactly(told);
    return told;
  }

  private Path image() {
    return directory.resolve("pool/volumes/disk/disk.img");
  }

  private void assertIll(String why) {
    assertThat(condition("disk").getMessage()).contains(why);
    assertThat(condition("disk").getAbnormal()).isTrue();
  }

  @Test
  void nothingIsWrong() {
    assertThat(condition("disk").getAbnormal()).isFalse();
    assertThat(condition("disk").getMessage()).isNotEmpty();
  }

  @Test
  void anImageThatIsMissing() throws IOException {
    Files.delete(image());

    assertIll(image() + " is missing");
    assertThat(condition("other").getAbnormal()).isFalse();
  }

  @Test
  void anImageOfTheWrongSize() throws IOException {
    try (RandomAccessFile image = new RandomAccessFile(image().toFile(), "rw")) {
      image.setLength(4096);
    }

    assertIll("has 4096 bytes, and should have " + MIB);
  }

  @Test
  void aPoolThatIsFull() throws IOException {
    Path filler = directory.resolve("filler");
    var _ = HOST.run(Command.of("fallocate", "--length", "" + 12 * MIB, "" + filler));
    var _ = HOST.run(Command.of("sh", "-c", "dd if=/dev/zero of=" + filler + "2 2>&1 || true"));

    assertIll("the filesystem of pool \"default\" is full");
    Files.delete(filler);
    assertThat(condition("disk").getAbnormal()).isFalse();
  }
}
