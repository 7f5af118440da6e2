package dev.rockpool.driver.selftest;

import dev.rockpool.proto.csi.CapacityRange;
import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.ControllerExpandVolumeResponse;
import dev.rockpool.proto.csi.ControllerModifyVolumeRequest;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.NodeExpandVolumeRequest;
import dev.rockpool.proto.csi.NodeGetVolumeStatsRequest;
import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.NodeUnpublishVolumeRequest;
import dev.rockpool.proto.csi.NodeUnstageVolumeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.proto.csi.VolumeContentSource;
import dev.rockpool.proto.csi.VolumeUsage;
import dev.rockpool.storage.Contents;
import dev.rockpool.storage.FsType;
import dev.rockpool.storage.VolumeId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The requests for one volume, as an orchestrator sends them.
 *
 * @param name of the volume
 * @param contents what it is to consist of
 * @param parameters of CreateVolume
 * @param source what it is made of; empty = it begins empty
 */
record TestVolume(
    String name,
    Contents contents,
    Map<String, String> parameters,
    Optional<VolumeContentSource> source) {

  TestVolume(String name, Contents contents, Map<String, String> parameters) {
    this(name, contents, parameters, Optional.empty());
  }

  /** Another one of the same kind, which begins empty. */
  TestVolume empty(String otherName) {
    return new TestVolume(otherName, contents, parameters);
  }

  /** Another one of the same kind, which begins with the content. */
  TestVolume made(String otherName, VolumeContentSource content) {
    return new TestVolume(otherName, contents, parameters, Optional.of(content));
  }

  /** What its clone is made of. */
  VolumeContentSource content() {
    VolumeContentSource.Builder content = VolumeContentSource.newBuilder();
    content.getVolumeBuilder().setVolumeId(id());
    return content.build();
  }

  /** The mode of its first user: for directories that is what makes one. */
  Mode writer() {
    return contents == Contents.DIRECTORY
        ? Mode.MULTI_NODE_MULTI_WRITER
        : Mode.SINGLE_NODE_MULTI_WRITER;
  }

  boolean block() {
    return contents == Contents.BLOCK;
  }

  /** It is known before the volume is, so that an unfinished one can be deleted. */
  String id() {
    return VolumeId.ofName(name).value();
  }

  VolumeCapability capability(Mode mode) {
    VolumeCapability.Builder capability = VolumeCapability.newBuilder();
    capability.getAccessModeBuilder().setMode(mode);
    if (block()) {
      return capability.setBlock(VolumeCapability.BlockVolume.getDefaultInstance()).build();
    }
    capability.getMountBuilder().setFsType(contents.fsType().map(FsType::label).orElse(""));
    return capability.build();
  }

  /** Makes it; gives its size in bytes. */
  long create(Node node, long bytes) {
    CreateVolumeRequest.Builder request =
        CreateVolumeRequest.newBuilder()
            .setName(name)
            .setCapacityRange(atLeast(bytes))
            .addVolumeCapabilities(capability(writer()))
            .putAllParameters(parameters);
    source.ifPresent(request::setVolumeContentSource);
    return node.controller().createVolume(request.build()).getVolume().getCapacityBytes();
  }

  void delete(Node node) {
    var _ =
        node.controller().deleteVolume(DeleteVolumeRequest.newBuilder().setVolumeId(id()).build());
  }

  void publish(Node by, Node to, Mode mode) {
    var _ =
        by.controller()
            .controllerPublishVolume(
                ControllerPublishVolumeRequest.newBuilder()
                    .setVolumeId(id())
                    .setNodeId(to.id())
                    .setVolumeCapability(capability(mode))
                    .build());
  }

  void unpublish(Node by, Node from) {
    var _ =
        by.controller()
            .controllerUnpublishVolume(
                ControllerUnpublishVolumeRequest.newBuilder()
                    .setVolumeId(id())
                    .setNodeId(from.id())
                    .build());
  }

  void stage(Node node, Place place, Mode mode) {
    var _ =
        node.node()
            .nodeStageVolume(
                NodeStageVolumeRequest.newBuilder()
                    .setVolumeId(id())
                    .setStagingTargetPath(place.staging().toString())
                    .setVolumeCapability(capability(mode))
                    .build());
  }

  void unstage(Node node, Place place) {
    var _ =
        node.node()
            .nodeUnstageVolume(
                NodeUnstageVolumeRequest.newBuilder()
                    .setVolumeId(id())
                    .setStagingTargetPath(place.staging().toString())
                    .build());
  }

  void publishTarget(Node node, Place place, Mode mode) {
    var _ =
        node.node()
            .nodePublishVolume(
                NodePublishVolumeRequest.newBuilder()
                    .setVolumeId(id())
                    .setStagingTargetPath(place.staging().toString())
                    .setTargetPath(place.target().toString())
                    .setVolumeCapability(capability(mode))
                    .build());
  }

  void unpublishTarget(Node node, Place place) {
    var _ =
        node.node()
            .nodeUnpublishVolume(
                NodeUnpublishVolumeRequest.newBuilder()
                    .setVolumeId(id())
                    .setTargetPath(place.target().toString())
                    .build());
  }

  ControllerExpandVolumeResponse expand(Node node, long bytes, Mode mode) {
    return node.controller()
        .controllerExpandVolume(
            ControllerExpandVolumeRequest.newBuilder()
                .setVolumeId(id())
                .setCapacityRange(atLeast(bytes))
                .setVolumeCapability(capability(mode))
                .build());
  }

  void expandOnNode(Node node, Place place, long bytes, Mode mode) {
    var _ =
        node.node()
            .nodeExpandVolume(
                NodeExpandVolumeRequest.newBuilder()
                    .setVolumeId(id())
                    .setVolumePath(place.target().toString())
                    .setStagingTargetPath(place.staging().toString())
                    .setCapacityRange(atLeast(bytes))
                    .setVolumeCapability(capability(mode))
                    .build());
  }

  void limit(Node node, String what, long most) {
    var _ =
        node.controller()
            .controllerModifyVolume(
                ControllerModifyVolumeRequest.newBuilder()
                    .setVolumeId(id())
                    .putMutableParams(what, Long.toString(most))
                    .build());
  }

  List<VolumeUsage> statistics(Node node, Place place) {
    return node.node()
        .nodeGetVolumeStats(
            NodeGetVolumeStatsRequest.newBuilder()
                .setVolumeId(id())
                .setVolumePath(place.target().toString())
                .build())
        .getUsageList();
  }

  private static CapacityRange atLeast(long bytes) {
    return CapacityRange.newBuilder().setRequiredBytes(bytes).build();
  }
}
