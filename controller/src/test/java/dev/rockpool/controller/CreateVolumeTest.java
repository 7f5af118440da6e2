package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.GIB;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.mount;
import static dev.rockpool.controller.TestController.range;
import static dev.rockpool.controller.TestController.request;
import static dev.rockpool.controller.TestController.volumesIn;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.Topology;
import dev.rockpool.proto.csi.TopologyRequirement;
import dev.rockpool.proto.csi.Volume;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CreateVolumeTest {
  private static final String NODE_KEY = "topology.rockpool.dev/node";

  @TempDir private Path directory;
  private Path pool;
  private TestController controller;

  @BeforeEach
  void open() {
    pool = directory.resolve("default");
    controller =
        TestController.local(
            "default=" + pool + ",limit=4Gi", "fast=" + directory.resolve("fast") + ",limit=1Gi");
  }

  @AfterEach
  void close() {
    controller.close();
  }

  @Test
  void aVolumeIsNamedAsItWasAskedForAndReachedFromItsNode() {
    Volume volume = controller.create(block("pvc-1").setCapacityRange(range(64 * MIB, 0)));

    assertThat(volume.getVolumeId()).isEqualTo("pvc-1");
    assertThat(volume.getCapacityBytes()).isEqualTo(64 * MIB);
    assertThat(volume.getVolumeContextMap()).isEmpty();
    assertThat(volume.getAccessibleTopologyList())
        .containsExactly(segments(Map.of(NODE_KEY, TestController.NODE)));
    assertThat(volume.hasContentSource()).isFalse();
  }

  @Test
  void itsImageIsNobodyElses() throws Exception {
    controller.create(block("pvc-1").setCapacityRange(range(64 * MIB, 0)));

    Path image = pool.resolve("volumes/pvc-1/disk.img");
    assertThat(image).hasSize(64 * MIB);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image.getParent())))
        .isEqualTo("rwx------");
  }

  @Test
  void sizesAreHonouredToTheByteOrToTheSector() {
    assertThat(size("unsaid", 0, 0)).isEqualTo(GIB);
    assertThat(size("limited", 0, 100 * MIB)).isEqualTo(100 * MIB);
    assertThat(size("exact", 5 * MIB, 5 * MIB)).isEqualTo(5 * MIB);
    assertThat(size("odd", 1_000_001, 0))
        .isGreaterThanOrEqualTo(1_000_001)
        .isLessThan(1_000_001 + 4096)
        .matches(bytes -> bytes % 512 == 0);
    assertThat(size("tiny", 1, 0)).isBetween(512L, 4096L);
    assertRefused(Code.OUT_OF_RANGE, () -> size("between-sectors", 1_000_001, 1_000_003))
        .contains("1000003")
        .contains("sector size");
    assertThat(volumesIn(pool)).doesNotContain("between-sectors");
  }

  private long size(String name, long required, long limit) {
    return controller
        .create(block(name).setCapacityRange(range(required, limit)))
        .getCapacityBytes();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/b", "..", ".", "v-../", "UPPER", "Ünïcödé 🐟", "a b", "v-1"})
  void aNameThatCantBeAnIdGetsOneOfItsOwnInThePool(String name) {
    Volume volume = controller.create(block(name));

    assertThat(volume.getVolumeId()).matches("v-[0-9a-f]{40}");
    assertThat(volumesIn(pool)).containsExactly(volume.getVolumeId());
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder("default", "fast");
    assertThat(controller.create(block(name)).getVolumeId()).isEqualTo(volume.getVolumeId());
    controller.delete(volume.getVolumeId());
    assertThat(volumesIn(pool)).isEmpty();
  }

  @Test
  void theSameRequestAgainGivesTheSameVolume() {
    CreateVolumeRequest.Builder request =
        block("pvc-1")
            .setCapacityRange(range(10 * MIB, 20 * MIB))
            .putParameters("allocation", "thin")
            .putParameters("csi.storage.k8s.io/pvc/name", "claim");
    Volume first = controller.create(request);

    assertThat(controller.create(request)).isEqualTo(first);
    // Another claim's name, and other secrets, make no other volume.
    assertThat(
            controller.create(
                request
                    .putParameters("csi.storage.k8s.io/pvc/name", "renamed")
                    .putSecrets("token", "changed")))
        .isEqualTo(first);
    assertThat(controller.create(block("pvc-1").setCapacityRange(range(0, 10 * MIB))))
        .as("a range that the volume fits")
        .isEqualTo(first);
    assertThat(volumesIn(pool)).containsExactly("pvc-1");
    assertThat(controller.available()).isEqualTo(5 * GIB - 10 * MIB);
  }

  static List<CreateVolumeRequest.Builder> others() {
    CreateVolumeRequest.Builder exact = block("pvc-1").setCapacityRange(range(10 * MIB, 0));
    return List.of(
        block("pvc-1").setCapacityRange(range(10 * MIB + 1, 0)),
        block("pvc-1").setCapacityRange(range(0, 10 * MIB - 1)),
        request("pvc-1", mount("", Mode.SINGLE_NODE_WRITER)).setCapacityRange(range(10 * MIB, 0)),
        request("pvc-1", mount("xfs", Mode.SINGLE_NODE_WRITER)).setCapacityRange(range(1, 0)),
        request("pvc-1", block(Mode.SINGLE_NODE_MULTI_WRITER)).setCapacityRange(range(1, 0)),
        request("pvc-1", block(Mode.SINGLE_NODE_WRITER), block(Mode.MULTI_NODE_READER_ONLY))
            .setCapacityRange(range(1, 0)),
        exact.clone().putParameters("allocation", "thick"),
        exact.clone().putParameters("diskConflict", "pod"),
        exact.clone().putParameters("pool", "fast"),
        exact.clone().putParameters("pool", "nowhere"),
        exact
            .clone()
            .setAccessibilityRequirements(requisite(List.of(Map.of(NODE_KEY, "elsewhere")))));
  }

  @ParameterizedTest
  @MethodSource("others")
  void anotherRequestByTheSameNameIsRefused(CreateVolumeRequest.Builder other) {
    Volume volume = controller.create(block("pvc-1").setCapacityRange(range(10 * MIB, 0)));

    assertRefused(Code.ALREADY_EXISTS, () -> controller.create(other))
        .startsWith("volume \"pvc-1\" exists, and differs: it ");
    assertThat(controller.get("pvc-1").getVolume()).isEqualTo(volume);
    assertThat(volumesIn(directory.resolve("fast"))).isEmpty();
  }

  @Test
  void moreThanThePoolCanPromiseIsRefusedAndNothingIsLeft() {
    controller.create(block("first").setCapacityRange(range(3 * GIB, 0)));

    assertRefused(
            Code.RESOURCE_EXHAUSTED,
            () -> controller.create(block("second").setCapacityRange(range(GIB + 1, 0))))
        .contains("pool \"default\" can promise " + GIB + " bytes");
    assertThat(volumesIn(pool)).containsExactly("first");
    assertThat(controller.available()).isEqualTo(2 * GIB);

    controller.create(block("second").setCapacityRange(range(GIB, 0)));
    assertThat(volumesIn(pool)).containsExactly("first", "second");
  }

  @Test
  void asMuchAsCanBeAskedForIsRefusedToo() {
    assertRefused(
        Code.RESOURCE_EXHAUSTED,
        () -> controller.create(block("huge").setCapacityRange(range(Long.MAX_VALUE, 0))));
    assertThat(volumesIn(pool)).isEmpty();
  }

  @Test
  void manyAtOnceAreNeverPromisedMoreThanThereIs() throws Exception {
    List<Future<Boolean>> calls = new ArrayList<>();
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 16; i++) {
        String name = "pvc-" + i;
        calls.add(callers.submit(() -> succeeds(block(name), Code.RESOURCE_EXHAUSTED)));
      }
    }
    long made = 0;
    for (Future<Boolean> call : calls) {
      made += call.get() ? 1 : 0;
    }
    assertThat(made).isEqualTo(4);
    assertThat(volumesIn(pool)).hasSize(4);
  }

  @Test
  void ofManyCallsForOneVolumeOneMakesItAndTheOthersFindItOrAreToldToComeAgain() throws Exception {
    List<Future<Boolean>> calls = new ArrayList<>();
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 16; i++) {
        calls.add(callers.submit(() -> succeeds(block("one"), Code.ABORTED)));
      }
    }
    long answered = 0;
    for (Future<Boolean> call : calls) {
      answered += call.get() ? 1 : 0;
    }
    assertThat(answered).isPositive();
    assertThat(volumesIn(pool)).containsExactly("one");
    assertThat(controller.available()).isEqualTo(4 * GIB);
  }

  private boolean succeeds(CreateVolumeRequest.Builder request, Code otherwise) {
    try {
      controller.create(request);
      return true;
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(otherwise);
      return false;
    }
  }

  @Test
  void thePoolIsTheOneAskedForOrTheDefault() {
    controller.create(block("plain").setCapacityRange(range(MIB, 0)));
    controller.create(block("fast").setCapacityRange(range(MIB, 0)).putParameters("pool", "fast"));

    assertThat(volumesIn(pool)).containsExactly("plain");
    assertThat(volumesIn(directory.resolve("fast"))).containsExactly("fast");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> controller.create(block("slow").putParameters("pool", "slow")))
        .contains("\"slow\"")
        .contains("default, fast");
  }

  @Test
  void topologyThatReachesThePoolIsHonoured() {
    Map<String, String> here = Map.of(NODE_KEY, TestController.NODE);
    Map<String, String> elsewhere = Map.of(NODE_KEY, "elsewhere");
    Map<String, String> hereInAZone =
        Map.of(NODE_KEY, TestController.NODE, "example.org/zone", "1");

    for (TopologyRequirement fits :
        List.of(
            requisite(List.of(here)),
            requisite(List.of(elsewhere, here)),
            requisite(List.of(hereInAZone)),
            TopologyRequirement.newBuilder().addPreferred(segments(here)).build(),
            requisite(List.of(here)).toBuilder().addPreferred(segments(here)).build())) {
      Volume volume = controller.create(block("pvc-1").setAccessibilityRequirements(fits));
      assertThat(volume.getAccessibleTopologyList()).containsExactly(segments(here));
      controller.delete("pvc-1");
    }
  }

  @Test
  void topologyThatDoesNotReachThePoolIsExhausted() {
    for (Map<String, String> place :
        List.of(
            Map.of(NODE_KEY, "elsewhere"),
            Map.of("example.org/zone", "1"),
            Map.of("topology.rockpool.dev/pool.default", "x"))) {
      assertRefused(
              Code.RESOURCE_EXHAUSTED,
              () ->
                  controller.create(
                      block("pvc-1").setAccessibilityRequirements(requisite(List.of(place)))))
          .contains("accessibility_requirements")
          .contains(TestController.NODE);
    }
    assertThat(volumesIn(pool)).isEmpty();
  }

  private static TopologyRequirement requisite(List<Map<String, String>> places) {
    return TopologyRequirement.newBuilder()
        .addAllRequisite(places.stream().map(CreateVolumeTest::segments).toList())
        .build();
  }

  private static Topology segments(Map<String, String> segments) {
    return Topology.newBuilder().putAllSegments(segments).build();
  }
}
