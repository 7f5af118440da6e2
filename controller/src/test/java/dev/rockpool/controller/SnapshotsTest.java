package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.mount;
import static dev.rockpool.controller.TestController.range;
import static dev.rockpool.controller.TestController.request;
import static dev.rockpool.controller.TestController.volumesIn;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.CreateSnapshotRequest;
import dev.rockpool.proto.csi.CreateVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.DeleteSnapshotRequest;
import dev.rockpool.proto.csi.DeleteVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.GetSnapshotRequest;
import dev.rockpool.proto.csi.GetVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.ListSnapshotsRequest;
import dev.rockpool.proto.csi.ListSnapshotsResponse;
import dev.rockpool.proto.csi.Snapshot;
import dev.rockpool.proto.csi.Topology;
import dev.rockpool.proto.csi.TopologyRequirement;
import dev.rockpool.proto.csi.Volume;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.proto.csi.VolumeContentSource;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Snapshots, content sources and groups as a caller sees them. The pools may be on any filesystem,
 * so a snapshot may be copied.
 */
final class SnapshotsTest {
  @TempDir private Path directory;
  private Path pool;
  private TestController controller;

  @BeforeEach
  void open() {
    pool = directory.resolve("default");
    controller =
        TestController.local(
            "default=" + pool + ",limit=64Mi", "other=" + directory.resolve("other"));
    controller.create(block("vol").setCapacityRange(range(8 * MIB, 0)));
  }

  @AfterEach
  void close() {
    list(ListSnapshotsRequest.newBuilder()).getEntriesList().stream()
        .map(entry -> entry.getSnapshot().getSnapshotId())
        .forEach(this::delete);
    controller.close();
    assertThat(pool.resolve("snapshots")).isEmptyDirectory();
  }

  private Snapshot take(String name, String source) {
    return controller
        .client()
        .createSnapshot(
            CreateSnapshotRequest.newBuilder().setName(name).setSourceVolumeId(source).build())
        .getSnapshot();
  }

  private Snapshot ready(String name, String source) {
    Snapshot snapshot = take(name, source);
    while (!snapshot.getReadyToUse()) {
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
      snapshot = take(name, source);
    }
    return snapshot;
  }

  private void delete(String id) {
    var _ =
        controller
            .client()
            .deleteSnapshot(DeleteSnapshotRequest.newBuilder().setSnapshotId(id).build());
  }

  private ListSnapshotsResponse list(ListSnapshotsRequest.Builder request) {
    return controller.client().listSnapshots(request.build());
  }

  private static List<String> ids(ListSnapshotsResponse page) {
    return page.getEntriesList().stream()
        .map(entry -> entry.getSnapshot().getSnapshotId())
        .toList();
  }

  private static VolumeContentSource snapshot(String id) {
    return VolumeContentSource.newBuilder()
        .setSnapshot(VolumeContentSource.SnapshotSource.newBuilder().setSnapshotId(id))
        .build();
  }

  private static CreateVolumeRequest.Builder restore(String name, String snapshot) {
    return block(name)
        .setCapacityRange(range(8 * MIB, 0))
        .setVolumeContentSource(snapshot(snapshot));
  }

  @Test
  void aSnapshotTellsWhatItIs() {
    Instant before = Instant.now().minusMillis(1);
    Snapshot snapshot = ready("snap", "vol");
    assertThat(snapshot.getSnapshotId()).isEqualTo("snap");
    assertThat(snapshot.getSourceVolumeId()).isEqualTo("vol");
    assertThat(snapshot.getSizeBytes()).isEqualTo(8 * MIB);
    assertThat(snapshot.getGroupSnapshotId()).isEmpty();
    Instant created =
        Instant.ofEpochSecond(
            snapshot.getCreationTime().getSeconds(), snapshot.getCreationTime().getNanos());
    assertThat(created).isBetween(before, Instant.now());
    assertThat(
            controller
                .client()
                .getSnapshot(GetSnapshotRequest.newBuilder().setSnapshotId("snap").build())
                .getSnapshot())
        .isEqualTo(snapshot);
    assertThat(take("snap", "vol")).isEqualTo(snapshot);
  }

  @Test
  void aRestoredVolumeNamesItsSource() {
    ready("snap", "vol");
    Volume restored = controller.create(restore("restored", "snap"));
    assertThat(restored.getContentSource()).isEqualTo(snapshot("snap"));
    assertThat(restored.getCapacityBytes()).isEqualTo(8 * MIB);
    VolumeContentSource clone =
        VolumeContentSource.newBuilder()
            .setVolume(VolumeContentSource.VolumeSource.newBuilder().setVolumeId("vol"))
            .build();
    assertThat(controller.create(block("clone").setVolumeContentSource(clone)).getContentSource())
        .isEqualTo(clone);
    assertThat(controller.get("clone").getVolume().getCapacityBytes()).isEqualTo(8 * MIB);
  }

  @Test
  void whatCantBeRestoredIsRefusedAndLeavesNothing() {
    ready("snap", "vol");
    assertRefused(
        Code.OUT_OF_RANGE,
        () -> controller.create(restore("r", "snap").setCapacityRange(range(4 * MIB, 0))));
    assertRefused(
            Code.INVALID_ARGUMENT,
            () ->
                controller.create(
                    request("r", mount("ext4", Mode.SINGLE_NODE_WRITER))
                        .setVolumeContentSource(snapshot("snap"))))
        .contains("a raw block volume");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> controller.create(restore("r", "snap").putParameters("pool", "other")))
        .contains("\"default\"");
    assertRefused(
            Code.RESOURCE_EXHAUSTED,
            () ->
                controller.create(
                    restore("r", "snap")
                        .setAccessibilityRequirements(
                            TopologyRequirement.newBuilder()
                                .addRequisite(
                                    Topology.newBuilder()
                                        .putSegments("topology.rockpool.dev/node", "far")))))
        .contains("far");
    assertRefused(
            Code.RESOURCE_EXHAUSTED,
            () -> controller.create(restore("r", "snap").setCapacityRange(range(60 * MIB, 0))))
        .contains("can promise");
    assertRefused(Code.NOT_FOUND, () -> controller.create(restore("r", "none")));
    assertRefused(Code.INVALID_ARGUMENT, () -> controller.create(restore("r", "")))
        .contains("snapshot_id");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () ->
                controller.create(
                    block("r").setVolumeContentSource(VolumeContentSource.getDefaultInstance())))
        .contains("volume_content_source.type");
    assertThat(volumesIn(pool)).containsExactly("vol");
  }

  @Test
  void whatIsNoRequestForASnapshotIsRefused() {
    assertRefused(Code.INVALID_ARGUMENT, () -> take("", "vol")).contains("name");
    assertRefused(Code.INVALID_ARGUMENT, () -> take("snap", "")).contains("source_volume_id");
    assertRefused(Code.INVALID_ARGUMENT, () -> take("snap", "../vol")).contains("source_volume_id");
    assertRefused(Code.INVALID_ARGUMENT, () -> take("a\u0007b", "vol")).contains("control");
    assertRefused(Code.INVALID_ARGUMENT, () -> take("x".repeat(129), "vol")).contains("128");
    assertRefused(Code.NOT_FOUND, () -> take("snap", "none")).contains("\"none\"");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () ->
                controller
                    .client()
                    .createSnapshot(
                        CreateSnapshotRequest.newBuilder()
                            .setName("snap")
                            .setSourceVolumeId("vol")
                            .putParameters("speed", "fast")
                            .build()))
        .contains("speed");
    assertThat(pool.resolve("snapshots")).isEmptyDirectory();
    ready("snap", "vol");
    controller.create(block("second").setCapacityRange(range(MIB, 0)));
    assertRefused(Code.ALREADY_EXISTS, () -> take("snap", "second")).contains("\"vol\"");
  }

  @Test
  void anUnknownSnapshotIsNotFoundAndDeleted() {
    assertRefused(
        Code.NOT_FOUND,
        () ->
            controller
                .client()
                .getSnapshot(GetSnapshotRequest.newBuilder().setSnapshotId("none").build()));
    delete("none");
    assertThat(ids(list(ListSnapshotsRequest.newBuilder().setSnapshotId("none")))).isEmpty();
    assertThat(ids(list(ListSnapshotsRequest.newBuilder().setSourceVolumeId("none")))).isEmpty();
    assertRefused(Code.INVALID_ARGUMENT, () -> delete(""));
  }

  @Test
  void theyComePageByPage() {
    controller.create(block("second").setCapacityRange(range(MIB, 0)));
    for (String name : List.of("s3", "s1", "s4")) {
      ready(name, "vol");
    }
    ready("s2", "second");
    List<String> seen = new ArrayList<>();
    String token = "";
    do {
      ListSnapshotsResponse page =
          list(ListSnapshotsRequest.newBuilder().setMaxEntries(2).setStartingToken(token));
      seen.addAll(ids(page));
      token = page.getNextToken();
    } while (!token.isEmpty());
    assertThat(seen).containsExactly("s1", "s2", "s3", "s4");
    assertThat(ids(list(ListSnapshotsRequest.newBuilder().setSourceVolumeId("second"))))
        .containsExactly("s2");
    assertThat(
            ids(
                list(
                    ListSnapshotsRequest.newBuilder()
                        .setSnapshotId("s1")
                        .setSourceVolumeId("second"))))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "after:", "after:../x", "before:a"})
  void aTokenThatIsNoneIsRefused(String token) {
    assertRefused(
        Code.ABORTED, () -> list(ListSnapshotsRequest.newBuilder().setStartingToken(token)));
  }

  @Test
  void whatIsNoGroupIsRefused() {
    assertRefused(Code.INVALID_ARGUMENT, () -> group("", "vol")).contains("name");
    assertRefused(Code.INVALID_ARGUMENT, () -> group("group")).contains("source_volume_ids");
    assertRefused(Code.INVALID_ARGUMENT, () -> group("group", "vol", "vol")).contains("twice");
    assertRefused(Code.INVALID_ARGUMENT, () -> group("group", "vol", "/"))
        .contains("source_volume_ids[1]");
    assertRefused(Code.NOT_FOUND, () -> group("group", "vol", "none"));
    assertRefused(
        Code.NOT_FOUND,
        () ->
            controller
                .groups()
                .getVolumeGroupSnapshot(
                    GetVolumeGroupSnapshotRequest.newBuilder().setGroupSnapshotId("none").build()));
    var _ =
        controller
            .groups()
            .deleteVolumeGroupSnapshot(
                DeleteVolumeGroupSnapshotRequest.newBuilder().setGroupSnapshotId("none").build());
    assertThat(pool.resolve("groups")).isEmptyDirectory();
  }

  private void group(String name, String... sources) {
    var _ =
        controller
            .groups()
            .createVolumeGroupSnapshot(
                CreateVolumeGroupSnapshotRequest.newBuilder()
                    .setName(name)
                    .addAllSourceVolumeIds(List.of(sources))
                    .build());
  }
}
