package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.range;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.ControllerModifyVolumeRequest;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.VolumeId;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** ControllerModifyVolume, and mutable parameters at CreateVolume. */
final class ModifyVolumeTest {
  @TempDir private Path directory;
  private TestController controller;

  @BeforeEach
  void openAndCreate() {
    controller = TestController.local("default=" + directory);
    controller.create(
        block("disk")
            .setCapacityRange(range(MIB, 0))
            .putMutableParams("readIops", "100")
            .putMutableParams("writeBytesPerSecond", "1048576"));
  }

  @AfterEach
  void close() {
    controller.close();
  }

  private IoLimits limits() {
    return controller.pool("default").find(VolumeId.parse("disk")).orElseThrow().limits();
  }

  private void modify(String id, Map<String, String> parameters) {
    var _ =
        controller
            .client()
            .controllerModifyVolume(
                ControllerModifyVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .putAllMutableParams(parameters)
                    .build());
  }

  @Test
  void aVolumeIsMadeWithItsLimits() {
    assertThat(limits()).isEqualTo(new IoLimits(100, 0, 0, 1 << 20));
  }

  @Test
  void whatIsSetChangesWhatIsNotStaysAndZeroTakesAway() {
    modify("disk", Map.of("readIops", "50", "writeIops", "1000000000"));
    assertThat(limits()).isEqualTo(new IoLimits(50, 1_000_000_000, 0, 1 << 20));
    modify("disk", Map.of("writeBytesPerSecond", "0", "csi.storage.k8s.io/pvc/name", "claim"));
    assertThat(limits()).isEqualTo(new IoLimits(50, 1_000_000_000, 0, 0));
    modify("disk", Map.of());
    assertThat(limits()).as("nothing is asked").isEqualTo(new IoLimits(50, 1_000_000_000, 0, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "XXX_FakeKey, 1",
    "readiops, 1",
    "readIops, ''",
    "readIops, -1",
    "readIops, 1.5",
    "readIops, 0x10",
    "readIops, 007",
    "readIops, 10Mi",
    "readIops, 1000000001",
    "readBytesPerSecond, 1125899906842625",
    "readBytesPerSecond, 99999999999999999999",
  })
  void whatIsUnknownOrNoNumberIsInvalidAndNothingIsApplied(String key, String value) {
    assertRefused(Code.INVALID_ARGUMENT, () -> modify("disk", Map.of("writeIops", "7", key, value)))
        .contains("mutable_parameters")
        .contains("\"" + key + "\"");
    assertThat(limits()).isEqualTo(new IoLimits(100, 0, 0, 1 << 20));
    assertRefused(
        Code.INVALID_ARGUMENT,
        () -> controller.create(block("other").putMutableParams(key, value)));
    assertThat(TestController.volumesIn(directory)).containsExactly("disk");
  }

  @Test
  void anUnknownVolumeIsNotFoundAndNoneIsInvalid() {
    assertRefused(Code.NOT_FOUND, () -> modify("none", Map.of())).contains("\"none\"");
    assertRefused(Code.INVALID_ARGUMENT, () -> modify("", Map.of())).contains("volume_id");
  }
}
