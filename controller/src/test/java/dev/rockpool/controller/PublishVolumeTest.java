package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.NODE;
import static dev.rockpool.controller.TestController.OTHER_NODE;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.mount;
import static dev.rockpool.controller.TestController.range;
import static dev.rockpool.controller.TestController.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerPublishVolumeResponse;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.Access;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeRecord;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** ControllerPublishVolume and ControllerUnpublishVolume, on a pool that two nodes have open. */
final class PublishVolumeTest {
  private static final VolumeCapability WRITER = block(Mode.SINGLE_NODE_WRITER);
  private static final VolumeCapability READERS = block(Mode.MULTI_NODE_READER_ONLY);
  private static final VolumeCapability WRITERS = block(Mode.MULTI_NODE_MULTI_WRITER);

  @TempDir private Path directory;
  private TestController controller;

  @BeforeEach
  void openAndCreate() {
    controller = TestController.shared("default=" + directory + ",limit=4Gi");
    create("disk", WRITER);
    create("sharedisk", WRITERS);
  }

  private void create(String name, VolumeCapability capability) {
    controller.create(request(name, capability).setCapacityRange(range(MIB, 0)));
  }

  @AfterEach
  void close() {
    controller.close();
  }

  @Test
  void aPublishedVolumeIsHeldByItsNodeUntilItIsUnpublished() {
    controller.publish("disk", NODE, WRITER);
    assertThat(controller.publishedNodes("disk")).containsExactly(NODE);

    controller.unpublish("disk", NODE);
    assertThat(controller.publishedNodes("disk")).isEmpty();
    controller.publish("disk", OTHER_NODE, WRITER);
    assertThat(controller.publishedNodes("disk")).containsExactly(OTHER_NODE);
  }

  @Test
  void theSameRequestAgainGetsTheSameAnswer() {
    ControllerPublishVolumeRequest request =
        ControllerPublishVolumeRequest.newBuilder()
            .setVolumeId("disk")
            .setNodeId(NODE)
            .setVolumeCapability(WRITER)
            .putVolumeContext("written", "by the orchestrator")
            .build();
    ControllerPublishVolumeResponse first = controller.client().controllerPublishVolume(request);

    assertThat(controller.client().controllerPublishVolume(request)).isEqualTo(first);
    assertThat(controller.publishedNodes("disk")).containsExactly(NODE);
  }

  @Test
  void requiredFieldsComeBeforeAnyLookUp() {
    ControllerPublishVolumeRequest whole =
        ControllerPublishVolumeRequest.newBuilder()
            .setVolumeId("no-such-volume")
            .setNodeId("no-such-node")
            .setVolumeCapability(WRITER)
            .build();
    assertPublishInvalid(whole.toBuilder().clearVolumeId(), "volume_id is required");
    assertPublishInvalid(whole.toBuilder().clearNodeId(), "node_id is required");
    assertPublishInvalid(
        whole.toBuilder().clearVolumeCapability(), "volume_capability is required");
    assertPublishInvalid(
        whole.toBuilder().setVolumeCapability(block(Mode.UNKNOWN)), "access_mode.mode is required");
    assertPublishInvalid(
        whole.toBuilder().setVolumeCapability(WRITER.toBuilder().clearAccessType()),
        "access_type is required");
    assertPublishInvalid(
        whole.toBuilder().setVolumeCapability(mount("ntfs", Mode.SINGLE_NODE_WRITER)), "\"ntfs\"");
  }

  @Test
  void whatTheVolumeCantServeIsInvalidEvenForANodeThatDoesNotExist() {
    for (VolumeCapability unsupported :
        List.of(
            mount("", Mode.SINGLE_NODE_WRITER),
            block(Mode.MULTI_NODE_MULTI_WRITER),
            block(Mode.MULTI_NODE_SINGLE_WRITER))) {
      assertPublishInvalid(
          ControllerPublishVolumeRequest.newBuilder()
              .setVolumeId("disk")
              .setNodeId("no-such-node")
              .setVolumeCapability(unsupported),
          "volume_capability: ");
    }
    assertThat(controller.publishedNodes("disk")).isEmpty();
  }

  private void assertPublishInvalid(
      ControllerPublishVolumeRequest.Builder request, String message) {
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> controller.client().controllerPublishVolume(request.build()))
        .contains(message);
  }

  @Test
  void aVolumeOrNodeThatDoesNotExistIsNotFound() {
    assertRefused(Code.NOT_FOUND, () -> controller.publish("none", "no-such-node", WRITER))
        .contains("no volume \"none\"");
    assertRefused(Code.NOT_FOUND, () -> controller.publish("disk", "no-such-node", WRITER))
        .contains("no-such-node");
    assertThat(controller.publishedNodes("disk")).isEmpty();
  }

  @Test
  void aNodeThatHoldsItInAnotherWayIsTold() {
    controller.publish("disk", NODE, WRITER);

    assertRefused(Code.ALREADY_EXISTS, () -> controller.publish("disk", NODE, WRITER, true))
        .contains("SINGLE_NODE_WRITER READ_WRITE")
        .contains("SINGLE_NODE_WRITER READ_ONLY");
    assertRefused(Code.ALREADY_EXISTS, () -> controller.publish("disk", NODE, READERS));
    assertRefused(
        Code.ALREADY_EXISTS,
        () -> controller.publish("disk", NODE, block(Mode.SINGLE_NODE_MULTI_WRITER)));
    controller.publish("disk", NODE, WRITER);
    assertThat(controller.publishedNodes("disk")).containsExactly(NODE);
  }

  @Test
  void readonlyIsPartOfHowANodeHoldsIt() {
    controller.publish("disk", NODE, WRITER, true);

    controller.publish("disk", NODE, WRITER, true);
    assertRefused(Code.ALREADY_EXISTS, () -> controller.publish("disk", NODE, WRITER, false));
  }

  /** Kubernetes sends a reader-only mode with readonly unset, and may set both. */
  @Test
  void aReaderOnlyModeIsReadOnlyWhateverTheFlagSays() {
    controller.publish("disk", NODE, READERS, false);

    controller.publish("disk", NODE, READERS, true);
    controller.publish("disk", OTHER_NODE, READERS, false);
    assertThat(controller.publishedNodes("disk")).containsExactlyInAnyOrder(NODE, OTHER_NODE);
  }

  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      names = {
        "SINGLE_NODE_WRITER",
        "SINGLE_NODE_READER_ONLY",
        "SINGLE_NODE_SINGLE_WRITER",
        "SINGLE_NODE_MULTI_WRITER"
      })
  void aSecondNodeIsRefusedWithTheHoldersName(Mode mode) {
    controller.publish("disk", NODE, block(mode));

    for (VolumeCapability asked : List.of(block(mode), WRITER, READERS)) {
      for (boolean readonly : new boolean[] {false, true}) {
        assertRefused(
                Code.FAILED_PRECONDITION,
                () -> controller.publish("disk", OTHER_NODE, asked, readonly))
            .contains("\"" + NODE + "\"");
      }
    }
    assertThat(controller.publishedNodes("disk")).containsExactly(NODE);
  }

  @Test
  void readersOnAllNodesExcludeAWriter() {
    controller.publish("disk", NODE, READERS);

    assertRefused(Code.FAILED_PRECONDITION, () -> controller.publish("disk", OTHER_NODE, WRITER))
        .contains("\"" + NODE + "\"")
        .contains("MULTI_NODE_READER_ONLY");
    assertRefused(
        Code.FAILED_PRECONDITION,
        () -> controller.publish("disk", OTHER_NODE, block(Mode.SINGLE_NODE_READER_ONLY)));
    controller.publish("disk", OTHER_NODE, READERS);
  }

  @Test
  void aVolumeMadeForManyWritersHasThemOnAllNodes() {
    controller.publish("sharedisk", NODE, WRITERS);
    controller.publish("sharedisk", OTHER_NODE, WRITERS);

    assertThat(controller.publishedNodes("sharedisk")).containsExactlyInAnyOrder(NODE, OTHER_NODE);
    controller.unpublish("sharedisk", NODE);
    controller.publish("sharedisk", NODE, READERS);
  }

  @ParameterizedTest
  @CsvSource({
    // What the first node has, what the second one asks for, and whether it gets it.
    "MULTI_NODE_SINGLE_WRITER, false, MULTI_NODE_SINGLE_WRITER, false, FAILED_PRECONDITION",
    "MULTI_NODE_SINGLE_WRITER, false, MULTI_NODE_MULTI_WRITER, false, FAILED_PRECONDITION",
    "MULTI_NODE_MULTI_WRITER, false, MULTI_NODE_SINGLE_WRITER, false, FAILED_PRECONDITION",
    "MULTI_NODE_SINGLE_WRITER, false, MULTI_NODE_SINGLE_WRITER, true, OK",
    "MULTI_NODE_SINGLE_WRITER, true, MULTI_NODE_SINGLE_WRITER, false, OK",
    "MULTI_NODE_SINGLE_WRITER, false, MULTI_NODE_READER_ONLY, false, OK",
    "MULTI_NODE_MULTI_WRITER, false, SINGLE_NODE_WRITER, false, FAILED_PRECONDITION",
    "SINGLE_NODE_WRITER, false, MULTI_NODE_MULTI_WRITER, false, FAILED_PRECONDITION",
  })
  void theSingleWriterOfAShareableVolumeIsTheOnlyOne(
      Mode held, boolean heldReadonly, Mode asked, boolean askedReadonly, Code answer) {
    controller.publish("sharedisk", NODE, block(held), heldReadonly);

    if (answer == Code.OK) {
      controller.publish("sharedisk", OTHER_NODE, block(asked), askedReadonly);
    } else {
      assertRefused(
              answer,
              () -> controller.publish("sharedisk", OTHER_NODE, block(asked), askedReadonly))
          .contains("\"" + NODE + "\"");
    }
  }

  @Test
  void withoutANodeItIsUnpublishedFromAllOfThem() {
    controller.publish("disk", NODE, READERS);
    controller.publish("disk", OTHER_NODE, READERS);

    controller.unpublish("disk", "");
    assertThat(controller.publishedNodes("disk")).isEmpty();
  }

  @Test
  void whatIsNotPublishedThereIsUnpublishedAlready() {
    controller.publish("disk", NODE, WRITER);

    assertThatCode(
            () -> {
              controller.unpublish("none", NODE);
              controller.unpublish("none", "");
              controller.unpublish("disk", OTHER_NODE);
              controller.unpublish("disk", "no-such-node");
            })
        .doesNotThrowAnyException();
    assertThat(controller.publishedNodes("disk")).containsExactly(NODE);

    controller.unpublish("disk", NODE);
    controller.unpublish("disk", NODE);
    assertRefused(Code.INVALID_ARGUMENT, () -> controller.unpublish("", NODE))
        .isEqualTo("volume_id is required");
  }

  @Test
  void aPublishedVolumeIsNotDeleted() {
    controller.publish("disk", NODE, READERS);
    controller.publish("disk", OTHER_NODE, READERS);

    assertRefused(Code.FAILED_PRECONDITION, () -> controller.delete("disk"))
        .contains(NODE, OTHER_NODE);
    assertThat(controller.get("disk").getVolume().getCapacityBytes()).isEqualTo(MIB);
    assertThat(directory.resolve("volumes/disk/disk.img")).exists();

    controller.unpublish("disk", "");
    controller.delete("disk");
    assertThat(TestController.volumesIn(directory)).containsExactly("sharedisk");
  }

  @Test
  void aVolumeThatDoesNotExistIsDeletedAlready() {
    controller.delete("none");
    controller.delete("disk");
    controller.delete("disk");

    assertThat(TestController.volumesIn(directory)).containsExactly("sharedisk");
    assertRefused(Code.INVALID_ARGUMENT, () -> controller.delete(""))
        .isEqualTo("volume_id is required");
  }

  /** Its users on a node are told by their lock, also when its record was emptied by force. */
  @Test
  void aVolumeInUseIsNotDeletedThoughItIsPublishedToNoNode() {
    Pool pool = controller.pool("default");
    VolumeRecord disk = pool.find(VolumeId.parse("disk")).orElseThrow();
    try (var _ = pool.use(disk, Access.READ_ONLY).orElseThrow()) {
      assertRefused(Code.FAILED_PRECONDITION, () -> controller.delete("disk"))
          .contains("still in use");
      assertThat(directory.resolve("volumes/disk/disk.img")).exists();
    }
    controller.delete("disk");
  }
}
