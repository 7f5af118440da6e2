package dev.rockpool.controller;

import static dev.rockpool.proto.Answers.stream;
import static dev.rockpool.proto.Requests.check;
import static dev.rockpool.proto.Requests.require;
import static dev.rockpool.proto.Requests.requireNatural;

import dev.rockpool.proto.csi.BlockMetadataType;
import dev.rockpool.proto.csi.GetMetadataAllocatedRequest;
import dev.rockpool.proto.csi.GetMetadataAllocatedResponse;
import dev.rockpool.proto.csi.GetMetadataDeltaRequest;
import dev.rockpool.proto.csi.GetMetadataDeltaResponse;
import dev.rockpool.proto.csi.SnapshotMetadataGrpc;
import dev.rockpool.storage.SnapshotBlocks;
import dev.rockpool.storage.SnapshotId;
import io.grpc.stub.StreamObserver;

/** The SnapshotMetadata service: tells a backup what there is to read. */
public final class SnapshotMetadataService extends SnapshotMetadataGrpc.SnapshotMetadataImplBase {
  private final SnapshotBlocks blocks;

  public SnapshotMetadataService(SnapshotBlocks blocks) {
    this.blocks = blocks;
  }

  @Override
  public void getMetadataAllocated(
      GetMetadataAllocatedRequest request, StreamObserver<GetMetadataAllocatedResponse> reply) {
    stream(
        reply,
        () -> {
          check(request);
          SnapshotId id = require(request.getSnapshotId(), "snapshot_id", SnapshotId::parse);
          return new BlockMessages<>(
              from -> blocks.allocated(id, from),
              request.getStartingOffset(),
              requireNatural(request.getMaxResults(), "max_results"),
              (capacity, ranges) ->
                  GetMetadataAllocatedResponse.newBuilder()
                      .setBlockMetadataType(BlockMetadataType.VARIABLE_LENGTH)
                      .setVolumeCapacityBytes(capacity)
                      .addAllBlockMetadata(ranges)
                      .build());
        });
  }

  @Override
  public void getMetadataDelta(
      GetMetadataDeltaRequest request, StreamObserver<GetMetadataDeltaResponse> reply) {
    stream(
        reply,
        () -> {
          check(request);
          SnapshotId base =
              require(request.getBaseSnapshotId(), "base_snapshot_id", SnapshotId::parse);
          SnapshotId target =
              require(request.getTargetSnapshotId(), "target_snapshot_id", SnapshotId::parse);
          return new BlockMessages<>(
              from -> blocks.changed(base, target, from),
              request.getStartingOffset(),
              requireNatural(request.getMaxResults(), "max_results"),
              (capacity, ranges) ->
                  GetMetadataDeltaResponse.newBuilder()
                      .setBlockMetadataType(BlockMetadataType.VARIABLE_LENGTH)
                      .setVolumeCapacityBytes(capacity)
                      .addAllBlockMetadata(ranges)
                      .build());
        });
  }
}
