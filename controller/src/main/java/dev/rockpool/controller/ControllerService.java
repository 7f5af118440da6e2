package dev.rockpool.controller;

import static dev.rockpool.proto.Answers.answer;
import static dev.rockpool.proto.Requests.check;
import static dev.rockpool.proto.Requests.require;

import com.google.protobuf.Int64Value;
import dev.rockpool.proto.Capability;
import dev.rockpool.proto.Conditions;
import dev.rockpool.proto.Requests;
import dev.rockpool.proto.VolumeParameters;
import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.ControllerExpandVolumeResponse;
import dev.rockpool.proto.csi.ControllerGetCapabilitiesRequest;
import dev.rockpool.proto.csi.ControllerGetCapabilitiesResponse;
import dev.rockpool.proto.csi.ControllerGetVolumeRequest;
import dev.rockpool.proto.csi.ControllerGetVolumeResponse;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.ControllerModifyVolumeRequest;
import dev.rockpool.proto.csi.ControllerModifyVolumeResponse;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerPublishVolumeResponse;
import dev.rockpool.proto.csi.ControllerServiceCapability;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeResponse;
import dev.rockpool.proto.csi.CreateSnapshotRequest;
import dev.rockpool.proto.csi.CreateSnapshotResponse;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.CreateVolumeResponse;
import dev.rockpool.proto.csi.DeleteSnapshotRequest;
import dev.rockpool.proto.csi.DeleteSnapshotResponse;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.DeleteVolumeResponse;
import dev.rockpool.proto.csi.GetCapacityRequest;
import dev.rockpool.proto.csi.GetCapacityResponse;
import dev.rockpool.proto.csi.GetSnapshotRequest;
import dev.rockpool.proto.csi.GetSnapshotResponse;
import dev.rockpool.proto.csi.ListSnapshotsRequest;
import dev.rockpool.proto.csi.ListSnapshotsResponse;
import dev.rockpool.proto.csi.ListVolumesRequest;
import dev.rockpool.proto.csi.ListVolumesResponse;
import dev.rockpool.proto.csi.ValidateVolumeCapabilitiesRequest;
import dev.rockpool.proto.csi.ValidateVolumeCapabilitiesResponse;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.Capacity;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.Snapshot;
import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.Snapshots;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.Topology;
import dev.rockpool.storage.Volume;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.Volumes;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;

/** The Controller service: checks requests, and hands them to the volumes. */
public final class ControllerService extends ControllerGrpc.ControllerImplBase {
  private static final List<ControllerServiceCapability.RPC.Type> CAPABILITIES =
      List.of(
          ControllerServiceCapability.RPC.Type.CREATE_DELETE_VOLUME,
          ControllerServiceCapability.RPC.Type.PUBLISH_UNPUBLISH_VOLUME,
          ControllerServiceCapability.RPC.Type.PUBLISH_READONLY,
          ControllerServiceCapability.RPC.Type.LIST_VOLUMES,
          ControllerServiceCapability.RPC.Type.LIST_VOLUMES_PUBLISHED_NODES,
          ControllerServiceCapability.RPC.Type.GET_VOLUME,
          ControllerServiceCapability.RPC.Type.GET_CAPACITY,
          ControllerServiceCapability.RPC.Type.EXPAND_VOLUME,
          ControllerServiceCapability.RPC.Type.MODIFY_VOLUME,
          ControllerServiceCapability.RPC.Type.VOLUME_CONDITION,
          ControllerServiceCapability.RPC.Type.SINGLE_NODE_MULTI_WRITER,
          ControllerServiceCapability.RPC.Type.CREATE_DELETE_SNAPSHOT,
          ControllerServiceCapability.RPC.Type.LIST_SNAPSHOTS,
          ControllerServiceCapability.RPC.Type.GET_SNAPSHOT,
          ControllerServiceCapability.RPC.Type.CLONE_VOLUME);

  private final Volumes volumes;
  private final Snapshots snapshots;

  public ControllerService(Volumes volumes, Snapshots snapshots) {
    this.volumes = volumes;
    this.snapshots = snapshots;
  }

  @Override
  public void createVolume(
      CreateVolumeRequest request, StreamObserver<CreateVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          NewVolume asked = Translation.newVolume(request);
          Volume volume = volumes.create(asked);
          return CreateVolumeResponse.newBuilder().setVolume(Translation.volume(volume)).build();
        });
  }

  @Override
  public void deleteVolume(
      DeleteVolumeRequest request, StreamObserver<DeleteVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          volumes.delete(id);
          return DeleteVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void controllerPublishVolume(
      ControllerPublishVolumeRequest request,
      StreamObserver<ControllerPublishVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          NodeId node = require(request.getNodeId(), "node_id", NodeId::parse);
          Capability capability =
              Capability.of(
                  request.hasVolumeCapability(),
                  request.getVolumeCapability(),
                  "volume_capability");
          requireSupport(existing(id), capability);
          volumes.attach(
              id,
              new Attachment(
                  node, capability.mode(), capability.mode().access(request.getReadonly())));
          return ControllerPublishVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void controllerUnpublishVolume(
      ControllerUnpublishVolumeRequest request,
      StreamObserver<ControllerUnpublishVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          Optional<NodeId> node =
              request.getNodeId().isEmpty()
                  ? Optional.empty()
                  : Optional.of(require(request.getNodeId(), "node_id", NodeId::parse));
          volumes.detach(id, node);
          return ControllerUnpublishVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void validateVolumeCapabilities(
      ValidateVolumeCapabilitiesRequest request,
      StreamObserver<ValidateVolumeCapabilitiesResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          if (request.getVolumeCapabilitiesCount() == 0) {
            throw StorageException.invalid("volume_capabilities is required");
          }
          Capability.requireComplete(request.getVolumeCapabilitiesList());
          Volume volume = existing(id);
          return Translation.objection(volume, request)
              .map(message -> ValidateVolumeCapabilitiesResponse.newBuilder().setMessage(message))
              .orElseGet(() -> Translation.confirmed(request))
              .build();
        });
  }

  @Override
  public void listVolumes(ListVolumesRequest request, StreamObserver<ListVolumesResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          int most = Requests.requireNatural(request.getMaxEntries(), "max_entries");
          Optional<VolumeId> after = PageToken.parse(request.getStartingToken(), VolumeId::parse);
          Page<Volume> page = Page.of(most, wanted -> volumes.list(after, wanted), Volume::id);
          ListVolumesResponse.Builder response =
              ListVolumesResponse.newBuilder().setNextToken(page.nextToken());
          page.entries()
              .forEach(volume ->
                  response.addEntries(Translation.entry(volume, volumes.ailment(volume))));
          return response.build();
        });
  }

  @Override
  public void controllerGetVolume(
      ControllerGetVolumeRequest request, StreamObserver<ControllerGetVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          Volume volume = existing(require(request.getVolumeId(), "volume_id", VolumeId::parse));
          return ControllerGetVolumeResponse.newBuilder()
              .setVolume(Translation.volume(volume))
              .setStatus(
                  ControllerGetVolumeResponse.VolumeStatus.newBuilder()
                      .addAllPublishedNodeIds(Translation.publishedNodes(volume))
                      .setVolumeCondition(Conditions.of(volumes.ailment(volume))))
              .build();
        });
  }

  @Override
  public void getCapacity(GetCapacityRequest request, StreamObserver<GetCapacityResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeParameters parameters = VolumeParameters.parse(request.getParametersMap());
          Optional<Topology> place =
              request.hasAccessibleTopology()
                  ? Optional.of(new Topology(request.getAccessibleTopology().getSegmentsMap()))
                  : Optional.empty();
          Capacity capacity = volumes.capacity(parameters.pool(), place);
          GetCapacityResponse.Builder response =
              GetCapacityResponse.newBuilder()
                  .setAvailableCapacity(capacity.availableBytes())
                  .setMaximumVolumeSize(Int64Value.of(capacity.largestVolumeBytes()));
          Translation.minimumBytes(request.getVolumeCapabilitiesList(), parameters)
              .ifPresent(bytes -> response.setMinimumVolumeSize(Int64Value.of(bytes)));
          return response.build();
        });
  }

  @Override
  public void createSnapshot(
      CreateSnapshotRequest request, StreamObserver<CreateSnapshotResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId source =
              require(request.getSourceVolumeId(), "source_volume_id", VolumeId::parse);
          String name = Requests.requireName(request.getName(), "name");
          SnapshotMessages.requireNoParameters(request.getParametersMap());
          return CreateSnapshotResponse.newBuilder()
              .setSnapshot(
                  SnapshotMessages.message(
                      snapshots.create(
                          name,
                          source,
                          Translation.requestedBy(request.getParametersMap(), "volumesnapshot"))))
              .build();
        });
  }

  @Override
  public void deleteSnapshot(
      DeleteSnapshotRequest request, StreamObserver<DeleteSnapshotResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          snapshots.delete(require(request.getSnapshotId(), "snapshot_id", SnapshotId::parse));
          return DeleteSnapshotResponse.getDefaultInstance();
        });
  }

  @Override
  public void listSnapshots(
      ListSnapshotsRequest request, StreamObserver<ListSnapshotsResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          int most = Requests.requireNatural(request.getMaxEntries(), "max_entries");
          Optional<SnapshotId> after =
              PageToken.parse(request.getStartingToken(), SnapshotId::parse);
          Page<Snapshot> page =
              Page.of(most, wanted -> found(request, after, wanted), Snapshot::id);
          ListSnapshotsResponse.Builder response =
              ListSnapshotsResponse.newBuilder().setNextToken(page.nextToken());
          page.entries()
              .forEach(found ->
                  response.addEntriesBuilder().setSnapshot(SnapshotMessages.message(found)));
          return response.build();
        });
  }

  private List<Snapshot> found(
      ListSnapshotsRequest request, Optional<SnapshotId> after, int wanted) {
    Optional<VolumeId> source =
        request.getSourceVolumeId().isEmpty()
            ? Optional.empty()
            : Optional.of(
                require(request.getSourceVolumeId(), "source_volume_id", VolumeId::parse));
    if (request.getSnapshotId().isEmpty()) {
      return snapshots.list(after, wanted, source);
    }
    return snapshots
        .find(require(request.getSnapshotId(), "snapshot_id", SnapshotId::parse))
        .filter(one -> source.isEmpty() || source.get().equals(one.record().source()))
        .stream()
        .toList();
  }

  @Override
  public void getSnapshot(GetSnapshotRequest request, StreamObserver<GetSnapshotResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          SnapshotId id = require(request.getSnapshotId(), "snapshot_id", SnapshotId::parse);
          Snapshot snapshot =
              snapshots
                  .find(id)
                  .orElseThrow(() -> StorageException.notFound("no snapshot \"" + id + "\""));
          return GetSnapshotResponse.newBuilder()
              .setSnapshot(SnapshotMessages.message(snapshot))
              .build();
        });
  }

  @Override
  public void controllerExpandVolume(
      ControllerExpandVolumeRequest request, StreamObserver<ControllerExpandVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          SizeRange size = Requests.sizes(request.getCapacityRange());
          if (size.equals(SizeRange.ANY)) {
            throw StorageException.invalid(
                "capacity_range is required: required_bytes, limit_bytes or both");
          }
          if (request.hasVolumeCapability()) {
            Capability capability =
                Capability.of(true, request.getVolumeCapability(), "volume_capability");
            requireSupport(existing(id), capability);
          }
          Volume volume = volumes.expand(id, size);
          return ControllerExpandVolumeResponse.newBuilder()
              .setCapacityBytes(volume.record().capacityBytes())
              .setNodeExpansionRequired(Translation.nodeExpands(volume))
              .build();
        });
  }

  @Override
  public void controllerModifyVolume(
      ControllerModifyVolumeRequest request, StreamObserver<ControllerModifyVolumeResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          VolumeId id = require(request.getVolumeId(), "volume_id", VolumeId::parse);
          IoLimits.Change change = MutableParameters.parse(request.getMutableParamsMap());
          var _ = volumes.modify(id, change);
          return ControllerModifyVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void controllerGetCapabilities(
      ControllerGetCapabilitiesRequest request,
      StreamObserver<ControllerGetCapabilitiesResponse> reply) {
    answer(
        reply,
        () -> {
          ControllerGetCapabilitiesResponse.Builder response =
              ControllerGetCapabilitiesResponse.newBuilder();
          CAPABILITIES.forEach(
              type -> response.addCapabilitiesBuilder().getRpcBuilder().setType(type));
          return response.build();
        });
  }

  private Volume existing(VolumeId id) {
    return volumes
        .find(id)
        .orElseThrow(() -> StorageException.notFound("no volume \"" + id + "\""));
  }

  private static void requireSupport(Volume volume, Capability capability) {
    volume
        .record()
        .objection(capability.block(), capability.fsType(), capability.mode())
        .ifPresent(objection -> {
          throw StorageException.invalid("volume_capability: " + objection);
        });
  }
}
