package dev.rockpool.node;

import static dev.rockpool.proto.Answers.answer;
import static dev.rockpool.proto.Requests.check;
import static dev.rockpool.proto.Requests.require;

import dev.rockpool.proto.Capability;
import dev.rockpool.proto.Conditions;
import dev.rockpool.proto.Requests;
import dev.rockpool.proto.csi.NodeExpandVolumeRequest;
import dev.rockpool.proto.csi.NodeExpandVolumeResponse;
import dev.rockpool.proto.csi.NodeGetCapabilitiesRequest;
import dev.rockpool.proto.csi.NodeGetCapabilitiesResponse;
import dev.rockpool.proto.csi.NodeGetInfoRequest;
import dev.rockpool.proto.csi.NodeGetInfoResponse;
import dev.rockpool.proto.csi.NodeGetVolumeStatsRequest;
import dev.rockpool.proto.csi.NodeGetVolumeStatsResponse;
import dev.rockpool.proto.csi.NodeGrpc;
import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodePublishVolumeResponse;
import dev.rockpool.proto.csi.NodeServiceCapability;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeResponse;
import dev.rockpool.proto.csi.NodeUnpublishVolumeRequest;
import dev.rockpool.proto.csi.NodeUnpublishVolumeResponse;
import dev.rockpool.proto.csi.NodeUnstageVolumeRequest;
import dev.rockpool.proto.csi.NodeUnstageVolumeResponse;
import dev.rockpool.proto.csi.VolumeCondition;
import dev.rockpool.proto.csi.VolumeUsage;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.Volumes;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The Node service: checks requests, and hands them to the node's volumes. */
public final class NodeService extends NodeGrpc.NodeImplBase {
  private static final List<NodeServiceCapability.RPC.Type> CAPABILITIES =
      List.of(
          NodeServiceCapability.RPC.Type.STAGE_UNSTAGE_VOLUME,
          NodeServiceCapability.RPC.Type.GET_VOLUME_STATS,
          NodeServiceCapability.RPC.Type.EXPAND_VOLUME,
          NodeServiceCapability.RPC.Type.VOLUME_CONDITION,
          NodeServiceCapability.RPC.Type.SINGLE_NODE_MULTI_WRITER);

  private final NodeVolumes node;
  private final Volumes volumes;
  private final EphemeralVolumes ephemeral;

  /**
   * @param node what this node does with volumes
   * @param volumes all that this node can reach
   * @param ephemeral those that pods describe themselves
   */
  public NodeService(NodeVolumes node, Volumes volumes, EphemeralVolumes ephemeral) {
    this.node = node;
    this.volumes = volumes;
    this.ephemeral = ephemeral;
  }

  @Override
  public void nodeStageVolume(
      NodeStageVolumeRequest request, StreamObserver<NodeStageVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          String path = require(request.getStagingTargetPath(), "staging_target_path");
          Capability capability =
              Capability.of(
                  request.hasVolumeCapability(),
                  request.getVolumeCapability(),
                  "volume_capability");
          node.stage(id, path, capability);
          return NodeStageVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void nodeUnstageVolume(
      NodeUnstageVolumeRequest request, StreamObserver<NodeUnstageVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          node.unstage(id, require(request.getStagingTargetPath(), "staging_target_path"));
          return NodeUnstageVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void nodePublishVolume(
      NodePublishVolumeRequest request, StreamObserver<NodePublishVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          String name = require(request.getVolumeId(), "volume_id");
          String target = require(request.getTargetPath(), "target_path");
          Capability capability =
              Capability.of(
                  request.hasVolumeCapability(),
                  request.getVolumeCapability(),
                  "volume_capability");
          if (EphemeralVolumes.asked(request.getVolumeContextMap())) {
            if (!request.getStagingTargetPath().isEmpty()) {
              throw StorageException.invalid(
                  "staging_target_path: an ephemeral volume is not staged by its user");
            }
            var _ = require(name, "volume_id", ephemeral::idOrParse);
            ephemeral.publish(
                name, request.getVolumeContextMap(), target, capability, request.getReadonly());
          } else {
            VolumeId id = require(name, "volume_id", VolumeId::parse);
            node.publish(
                id, request.getStagingTargetPath(), target, capability, request.getReadonly());
          }
          return NodePublishVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void nodeUnpublishVolume(
      NodeUnpublishVolumeRequest request, StreamObserver<NodeUnpublishVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          String name = require(request.getVolumeId(), "volume_id");
          String target = require(request.getTargetPath(), "target_path");
          if (require(name, "volume_id", ephemeral::knows)) {
            ephemeral.unpublish(name, target);
          } else {
            node.unpublish(require(name, "volume_id", VolumeId::parse), target);
          }
          return NodeUnpublishVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void nodeGetVolumeStats(
      NodeGetVolumeStatsRequest request, StreamObserver<NodeGetVolumeStatsResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", ephemeral::idOrParse);
          Statistics.Report report =
              node.report(id, require(request.getVolumePath(), "volume_path"));
          NodeGetVolumeStatsResponse.Builder response =
              NodeGetVolumeStatsResponse.newBuilder().setVolumeCondition(condition(id, report));
          report
              .usage()
              .ifPresent(usage -> {
                response.addUsage(usage(usage.bytes(), VolumeUsage.Unit.BYTES));
                usage
                    .inodes()
                    .ifPresent(inodes -> response.addUsage(usage(inodes, VolumeUsage.Unit.INODES)));
              });
          return response.build();
        });
  }

  private VolumeCondition condition(VolumeId id, Statistics.Report report) {
    List<String> ailments = new ArrayList<>(report.ailments());
    try {
      volumes.find(id).flatMap(volumes::ailment).ifPresent(ailments::add);
    } catch (StorageException e) {
      ailments.add("its pool does not tell how it is: " + e.getMessage());
    }
    return Conditions.of(
        ailments.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", ailments)));
  }

  private static VolumeUsage usage(Statistics.Amount amount, VolumeUsage.Unit unit) {
    return VolumeUsage.newBuilder()
        .setUnit(unit)
        .setTotal(amount.total())
        .setUsed(amount.used())
        .setAvailable(amount.available())
        .build();
  }

  @Override
  public void nodeExpandVolume(
      NodeExpandVolumeRequest request, StreamObserver<NodeExpandVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          String path = require(request.getVolumePath(), "volume_path");
          Optional<Capability> capability =
              request.hasVolumeCapability()
                  ? Optional.of(
                      Capability.of(true, request.getVolumeCapability(), "volume_capability"))
                  : Optional.empty();
          long bytes =
              node.expand(id, path, Requests.sizes(request.getCapacityRange()), capability);
          return NodeExpandVolumeResponse.newBuilder().setCapacityBytes(bytes).build();
        });
  }

  @Override
  public void nodeGetCapabilities(
      NodeGetCapabilitiesRequest request, StreamObserver<NodeGetCapabilitiesResponse> reply) {
    answer(
        reply,
        () -> {
          NodeGetCapabilitiesResponse.Builder response = NodeGetCapabilitiesResponse.newBuilder();
          CAPABILITIES.forEach(
              type -> response.addCapabilitiesBuilder().getRpcBuilder().setType(type));
          return response.build();
        });
  }

  @Override
  public void nodeGetInfo(NodeGetInfoRequest request, StreamObserver<NodeGetInfoResponse> reply) {
    answer(
        reply,
        () -> {
          NodeGetInfoResponse.Builder response =
              NodeGetInfoResponse.newBuilder()
                  .setNodeId(node.node().value())
                  .setMaxVolumesPerNode(node.maxVolumes());
          response.getAccessibleTopologyBuilder().putAllSegments(node.topology().segments());
          return response.build();
        });
  }
}
