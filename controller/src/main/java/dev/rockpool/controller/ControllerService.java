package dev.rockpool.controller;

import static dev.rockpool.proto.Answers.answer;
import static dev.rockpool.proto.Requests.check;
import static dev.rockpool.proto.Requests.require;

import com.google.protobuf.Int64Value;
import dev.rockpool.proto.Capability;
import dev.rockpool.proto.Requests;
import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.ControllerExpandVolumeResponse;
import dev.rockpool.proto.csi.ControllerGetCapabilitiesRequest;
import dev.rockpool.proto.csi.ControllerGetCapabilitiesResponse;
import dev.rockpool.proto.csi.ControllerGetVolumeRequest;
import dev.rockpool.proto.csi.ControllerGetVolumeResponse;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerPublishVolumeResponse;
import dev.rockpool.proto.csi.ControllerServiceCapability;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeResponse;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.CreateVolumeResponse;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.DeleteVolumeResponse;
import dev.rockpool.proto.csi.GetCapacityRequest;
import dev.rockpool.proto.csi.GetCapacityResponse;
import dev.rockpool.proto.csi.ListVolumesRequest;
import dev.rockpool.proto.csi.ListVolumesResponse;
import dev.rockpool.proto.csi.ValidateVolumeCapabilitiesRequest;
import dev.rockpool.proto.csi.ValidateVolumeCapabilitiesResponse;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.Capacity;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.SizeRange;
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
          ControllerServiceCapability.RPC.Type.SINGLE_NODE_MULTI_WRITER);

  private final Volumes volumes;

  public ControllerService(Volumes volumes) {
    this.volumes = volumes;
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
          Optional<VolumeId> after = PageToken.parse(request.getStartingToken());
          // One more than asked for tells whether there is a next page.
          int wanted = most == 0 ? Integer.MAX_VALUE : most == Integer.MAX_VALUE ? most : most + 1;
          List<Volume> found = volumes.list(after, wanted);
          boolean more = most > 0 && found.size() > most;
          List<Volume> page = more ? found.subList(0, most) : found;
          ListVolumesResponse.Builder response = ListVolumesResponse.newBuilder();
          page.forEach(volume -> response.addEntries(Translation.entry(volume)));
          if (more) {
            response.setNextToken(PageToken.after(page.getLast().id()));
          }
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
                      .addAllPublishedNodeIds(Translation.publishedNodes(volume)))
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
