package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.NODE;
import static dev.rockpool.controller.TestController.OTHER_NODE;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.range;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.ListVolumesRequest;
import dev.rockpool.proto.csi.ListVolumesResponse;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ListVolumes and ControllerGetVolume. */
final class ListVolumesTest {
  private static final VolumeCapability READERS = block(Mode.MULTI_NODE_READER_ONLY);

  @TempDir private Path directory;
  private TestController controller;

  @BeforeEach
  void openAndCreate() {
    controller =
        TestController.shared(
            "default=" + directory.resolve("a"), "other=" + directory.resolve("b"));
    // In turns in one pool and in the other.
    for (String name : List.of("disk-3", "disk-1", "disk-5")) {
      controller.create(block(name).setCapacityRange(range(MIB, 0)));
    }
    for (String name : List.of("disk-4", "disk-2")) {
      controller.create(
          block(name).setCapacityRange(range(2 * MIB, 0)).putParameters("pool", "other"));
    }
  }

  @AfterEach
  void close() {
    controller.close();
  }

  @Test
  void allOfThemComeInOrderWithWhatIsKnownOfThem() {
    ListVolumesResponse all = list(0, "");

    assertThat(ids(all)).containsExactly("disk-1", "disk-2", "disk-3", "disk-4", "disk-5");
    assertThat(all.getNextToken()).isEmpty();
    assertThat(all.getEntriesList())
        .allSatisfy(entry -> {
          assertThat(entry.getVolume())
              .isEqualTo(controller.get(entry.getVolume().getVolumeId()).getVolume());
          assertThat(entry.hasStatus()).as("LIST_VOLUMES_PUBLISHED_NODES").isTrue();
        });
    assertThat(all.getEntries(1).getVolume().getCapacityBytes()).isEqualTo(2 * MIB);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, Integer.MAX_VALUE})
  void pagesTogetherAreTheWholeList(int most) {
    List<String> ids = new ArrayList<>();
    String token = "";
    do {
      ListVolumesResponse page = list(most, token);
      assertThat(page.getEntriesCount()).isBetween(1, most);
      ids.addAll(ids(page));
      token = page.getNextToken();
    } while (!token.isEmpty());

    assertThat(ids).containsExactly("disk-1", "disk-2", "disk-3", "disk-4", "disk-5");
  }

  @Test
  void aListingGoesOnThoughVolumesComeAndGo() {
    ListVolumesResponse first = list(2, "");
    controller.delete("disk-2");
    controller.delete("disk-3");
    controller.create(block("disk-35").setCapacityRange(range(MIB, 0)));

    assertThat(ids(list(2, first.getNextToken()))).containsExactly("disk-35", "disk-4");
  }

  @Test
  void theLastPageMayBeEmptiedMeanwhile() {
    String token = list(4, "").getNextToken();
    controller.delete("disk-5");

    ListVolumesResponse page = list(4, token);
    assertThat(page.getEntriesList()).isEmpty();
    assertThat(page.getNextToken()).isEmpty();
  }

  @Test
  void publishedNodesAreListed() {
    controller.publish("disk-2", NODE, READERS);
    controller.publish("disk-2", OTHER_NODE, READERS);
    controller.publish("disk-3", NODE, READERS);

    List<List<String>> nodes =
        list(0, "").getEntriesList().stream()
            .map(entry -> List.<String>copyOf(entry.getStatus().getPublishedNodeIdsList()))
            .toList();
    assertThat(nodes)
        .containsExactly(List.of(), List.of(NODE, OTHER_NODE), List.of(NODE), List.of(), List.of());
    assertThat(controller.publishedNodes("disk-2")).containsExactly(NODE, OTHER_NODE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"disk-2", "2", "after", "after:", "after:../x", "after:A", "\u0000", "é"})
  void aTokenThatIsNotOursIsAborted(String token) {
    assertRefused(Code.ABORTED, () -> list(2, token))
        .contains("starting_token")
        .doesNotContain("\u0000");
  }

  @Test
  void aNegativeNumberOfEntriesIsInvalid() {
    assertRefused(Code.INVALID_ARGUMENT, () -> list(-1, "")).contains("max_entries -1");
  }

  @Test
  void anEmptyPoolHasAnEmptyList() {
    ids(list(0, "")).forEach(controller::delete);

    assertThat(list(0, "")).isEqualTo(ListVolumesResponse.getDefaultInstance());
    assertThat(list(3, "")).isEqualTo(ListVolumesResponse.getDefaultInstance());
  }

  @Test
  void oneVolumeIsGotByItsIdOrNotFound() {
    assertThat(controller.get("disk-4").getVolume().getCapacityBytes()).isEqualTo(2 * MIB);
    assertThat(controller.get("disk-4").hasStatus()).isTrue();
    assertRefused(Code.NOT_FOUND, () -> controller.get("disk-6")).contains("\"disk-6\"");
    assertRefused(Code.INVALID_ARGUMENT, () -> controller.get("")).contains("volume_id");
  }

  private ListVolumesResponse list(int most, String token) {
    return controller
        .client()
        .listVolumes(
            ListVolumesRequest.newBuilder().setMaxEntries(most).setStartingToken(token).build());
  }

  private static List<String> ids(ListVolumesResponse page) {
    return page.getEntriesList().stream().map(entry -> entry.getVolume().getVolumeId()).toList();
  }
}
