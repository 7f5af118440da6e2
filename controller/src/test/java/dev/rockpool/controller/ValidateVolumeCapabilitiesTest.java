package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.mount;
import static dev.rockpool.controller.TestController.range;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.ControllerGetCapabilitiesRequest;
import dev.rockpool.proto.csi.ControllerServiceCapability.RPC;
import dev.rockpool.proto.csi.ValidateVolumeCapabilitiesRequest;
import dev.rockpool.proto.csi.ValidateVolumeCapabilitiesResponse;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ValidateVolumeCapabilitiesTest {
  private static final VolumeCapability WRITER = block(Mode.SINGLE_NODE_WRITER);

  @TempDir private Path directory;
  private TestController controller;

  @BeforeEach
  void openAndCreate() {
    controller = TestController.local("default=" + directory);
    controller.create(block("disk").setCapacityRange(range(MIB, 0)));
  }

  @AfterEach
  void close() {
    controller.close();
  }

  @Test
  void whatTheVolumeServesIsConfirmedAsItWasAsked() {
    ValidateVolumeCapabilitiesRequest request =
        of("disk", WRITER, block(Mode.MULTI_NODE_READER_ONLY), block(Mode.SINGLE_NODE_MULTI_WRITER))
            .putVolumeContext("key", "of the orchestrator")
            .putParameters("allocation", "thin")
            .putMutableParams("readIops", "100")
            .putParameters("csi.storage.k8s.io/pvc/name", "claim")
            .putSecrets("token", "hush")
            .build();
    ValidateVolumeCapabilitiesResponse response =
        controller.client().validateVolumeCapabilities(request);

    assertThat(response.getMessage()).isEmpty();
    assertThat(response.getConfirmed().getVolumeCapabilitiesList())
        .isEqualTo(request.getVolumeCapabilitiesList());
    assertThat(response.getConfirmed().getVolumeContextMap())
        .isEqualTo(request.getVolumeContextMap());
    assertThat(response.getConfirmed().getParametersMap()).isEqualTo(request.getParametersMap());
    assertThat(response.getConfirmed().getMutableParamsMap())
        .isEqualTo(request.getMutableParamsMap());
  }

  static Stream<Arguments> unsupported() {
    return Stream.of(
        Arguments.of(of("disk", mount("", Mode.SINGLE_NODE_WRITER)), "a raw block volume"),
        Arguments.of(of("disk", WRITER, mount("ext4", Mode.SINGLE_NODE_WRITER)), "raw block"),
        Arguments.of(of("disk", mount("ntfs", Mode.SINGLE_NODE_WRITER)), "\"ntfs\""),
        Arguments.of(of("disk", block(Mode.MULTI_NODE_MULTI_WRITER)), "MULTI_NODE_MULTI_WRITER"),
        Arguments.of(of("disk", block(Mode.MULTI_NODE_SINGLE_WRITER)), "MULTI_NODE_MULTI_WRITER"),
        Arguments.of(of("disk", WRITER).putParameters("colour", "blue"), "\"colour\""),
        Arguments.of(of("disk", WRITER).putParameters("allocation", "fat"), "\"fat\""),
        Arguments.of(of("disk", WRITER).putMutableParams("iops", "1"), "\"iops\""));
  }

  @ParameterizedTest
  @MethodSource("unsupported")
  void whatItDoesNotServeIsNoErrorButAMessage(
      ValidateVolumeCapabilitiesRequest.Builder request, String message) {
    ValidateVolumeCapabilitiesResponse response =
        controller.client().validateVolumeCapabilities(request.build());

    assertThat(response.hasConfirmed()).isFalse();
    assertThat(response.getMessage()).contains(message);
  }

  @Test
  void anUnknownVolumeIsNotFound() {
    assertRefused(Code.NOT_FOUND, () -> validate(of("none", WRITER))).contains("\"none\"");
    assertRefused(
        Code.NOT_FOUND, () -> validate(of("none", mount("ntfs", Mode.SINGLE_NODE_WRITER))));
  }

  @Test
  void whatIsMissingIsInvalid() {
    assertRefused(Code.INVALID_ARGUMENT, () -> validate(of("", WRITER))).contains("volume_id");
    assertRefused(Code.INVALID_ARGUMENT, () -> validate(of("none")))
        .contains("volume_capabilities is required");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> validate(of("none", WRITER, WRITER.toBuilder().clearAccessType().build())))
        .contains("volume_capabilities[1]: access_type");
    assertRefused(Code.INVALID_ARGUMENT, () -> validate(of("none", block(Mode.UNKNOWN))))
        .contains("volume_capabilities[0]: access_mode");
  }

  private void validate(ValidateVolumeCapabilitiesRequest.Builder request) {
    var _ = controller.client().validateVolumeCapabilities(request.build());
  }

  private static ValidateVolumeCapabilitiesRequest.Builder of(
      String id, VolumeCapability... capabilities) {
    return ValidateVolumeCapabilitiesRequest.newBuilder()
        .setVolumeId(id)
        .addAllVolumeCapabilities(Arrays.asList(capabilities));
  }

  @Test
  void theServicesCapabilitiesAreThoseItHas() {
    assertThat(
            controller
                .client()
                .controllerGetCapabilities(ControllerGetCapabilitiesRequest.getDefaultInstance())
                .getCapabilitiesList())
        .extracting(capability -> capability.getRpc().getType())
        .containsExactlyInAnyOrder(
            RPC.Type.CREATE_DELETE_VOLUME,
            RPC.Type.PUBLISH_UNPUBLISH_VOLUME,
            RPC.Type.PUBLISH_READONLY,
            RPC.Type.LIST_VOLUMES,
            RPC.Type.LIST_VOLUMES_PUBLISHED_NODES,
            RPC.Type.GET_VOLUME,
            RPC.Type.GET_CAPACITY,
            RPC.Type.EXPAND_VOLUME,
            RPC.Type.MODIFY_VOLUME,
            RPC.Type.VOLUME_CONDITION,
            RPC.Type.SINGLE_NODE_MULTI_WRITER,
            RPC.Type.CREATE_DELETE_SNAPSHOT,
            RPC.Type.LIST_SNAPSHOTS,
            RPC.Type.GET_SNAPSHOT,
            RPC.Type.CLONE_VOLUME);
  }
}
