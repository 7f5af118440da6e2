package dev.rockpool.controller;

import static dev.rockpool.proto.Answers.answer;
import static dev.rockpool.proto.Requests.check;
import static dev.rockpool.proto.Requests.require;

import dev.rockpool.proto.Requests;
import dev.rockpool.proto.csi.CreateVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.CreateVolumeGroupSnapshotResponse;
import dev.rockpool.proto.csi.DeleteVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.DeleteVolumeGroupSnapshotResponse;
import dev.rockpool.proto.csi.GetVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.GetVolumeGroupSnapshotResponse;
import dev.rockpool.proto.csi.GroupControllerGetCapabilitiesRequest;
import dev.rockpool.proto.csi.GroupControllerGetCapabilitiesResponse;
import dev.rockpool.proto.csi.GroupControllerGrpc;
import dev.rockpool.proto.csi.GroupControllerServiceCapability;
import dev.rockpool.storage.GroupId;
import dev.rockpool.storage.SnapshotGroup;
import dev.rockpool.storage.Snapshots;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The GroupController service: checks requests, and hands them to the snapshots. */
public final class GroupControllerService extends GroupControllerGrpc.GroupControllerImplBase {
  private final Snapshots snapshots;

  public GroupControllerService(Snapshots snapshots) {
    this.snapshots = snapshots;
  }

  @Override
  public void groupControllerGetCapabilities(
      GroupControllerGetCapabilitiesRequest request,
      StreamObserver<GroupControllerGetCapabilitiesResponse> reply) {
    answer(
        reply,
        () -> {
          GroupControllerGetCapabilitiesResponse.Builder response =
              GroupControllerGetCapabilitiesResponse.newBuilder();
          response
              .addCapabilitiesBuilder()
              .getRpcBuilder()
              .setType(
                  GroupControllerServiceCapability.RPC
                      .Type
                      .CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT);
          return response.build();
        });
  }

  @Override
  public void createVolumeGroupSnapshot(
      CreateVolumeGroupSnapshotRequest request,
      StreamObserver<CreateVolumeGroupSnapshotResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          String name = Requests.requireName(request.getName(), "name");
          SnapshotMessages.requireNoParameters(request.getParametersMap());
          SnapshotGroup group =
              snapshots.createGroup(name, sources(request.getSourceVolumeIdsList()));
          return CreateVolumeGroupSnapshotResponse.newBuilder()
              .setGroupSnapshot(SnapshotMessages.message(group))
              .build();
        });
  }

  private static List<VolumeId> sources(List<String> ids) {
    if (ids.isEmpty()) {
      throw StorageException.invalid("source_volume_ids is required");
    }
    List<VolumeId> sources = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      VolumeId id = require(ids.get(i), "source_volume_ids[" + i + "]", VolumeId::parse);
      if (sources.contains(id)) {
        throw StorageException.invalid("source_volume_ids: \"" + id + "\" is there twice");
      }
      sources.add(id);
    }
    return sources;
  }

  @Override
  public void deleteVolumeGroupSnapshot(
      DeleteVolumeGroupSnapshotRequest request,
      StreamObserver<DeleteVolumeGroupSnapshotResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          GroupId id = require(request.getGroupSnapshotId(), "group_snapshot_id", GroupId::parse);
          Optional<SnapshotGroup> group = snapshots.findGroup(id);
          group.ifPresent(found -> requireMembers(found, request.getSnapshotIdsList()));
          snapshots.deleteGroup(id);
          return DeleteVolumeGroupSnapshotResponse.getDefaultInstance();
        });
  }

  @Override
  public void getVolumeGroupSnapshot(
      GetVolumeGroupSnapshotRequest request, StreamObserver<GetVolumeGroupSnapshotResponse> reply) {
    answer(
        reply,
        () -> {
          check(request);
          GroupId id = require(request.getGroupSnapshotId(), "group_snapshot_id", GroupId::parse);
          SnapshotGroup group =
              snapshots
                  .findGroup(id)
                  .orElseThrow(() -> StorageException.notFound("no group \"" + id + "\""));
          requireMembers(group, request.getSnapshotIdsList());
          return GetVolumeGroupSnapshotResponse.newBuilder()
              .setGroupSnapshot(SnapshotMessages.message(group))
              .build();
        });
  }

  /**
   * That the ids are those of the members, where any are given. The specification requires them,
   * but wants an unknown group to be looked for first; who has lost them may still delete the
   * group.
   */
  private static void requireMembers(SnapshotGroup group, List<String> ids) {
    Set<String> members = new HashSet<>();
    group.members().forEach(member -> members.add(member.id().value()));
    if (!ids.isEmpty() && !members.equals(Set.copyOf(ids))) {
      throw StorageException.invalid(
          "snapshot_ids: group \"" + group.id() + "\" has the members " + members);
    }
  }
}
