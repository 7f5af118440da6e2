package dev.rockpool.controller;

import com.google.protobuf.Timestamp;
import dev.rockpool.proto.Requests;
import dev.rockpool.proto.csi.Snapshot;
import dev.rockpool.proto.csi.VolumeContentSource;
import dev.rockpool.proto.csi.VolumeGroupSnapshot;
import dev.rockpool.storage.GroupId;
import dev.rockpool.storage.SnapshotGroup;
import dev.rockpool.storage.SnapshotId;
import dev.rockpool.storage.SnapshotRecord;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeSource;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Between the messages that speak of snapshots and the storage's values. */
final class SnapshotMessages {
  // Sidecars add the names of what the snapshot is for.
  private static final String SIDECAR_PREFIX = "csi.storage.k8s.io/";

  private SnapshotMessages() {}

  /** That no parameters are given but those that sidecars add: a snapshot has none. */
  static void requireNoParameters(Map<String, String> parameters) {
    Requests.requireKnown(parameters, "parameters", List.of(), SIDECAR_PREFIX);
  }

  static VolumeSource source(VolumeContentSource message) {
    return switch (message.getTypeCase()) {
      case SNAPSHOT ->
          new VolumeSource.OfSnapshot(
              Requests.require(
                  message.getSnapshot().getSnapshotId(),
                  "volume_content_source.snapshot.snapshot_id",
                  SnapshotId::parse));
      case VOLUME ->
          new VolumeSource.OfVolume(
              Requests.require(
                  message.getVolume().getVolumeId(),
                  "volume_content_source.volume.volume_id",
                  VolumeId::parse));
      case TYPE_NOT_SET ->
          throw StorageException.invalid(
              "volume_content_source.type is required: snapshot or volume");
    };
  }

  static VolumeContentSource message(VolumeSource source) {
    VolumeContentSource.Builder message = VolumeContentSource.newBuilder();
    switch (source) {
      case VolumeSource.OfSnapshot(SnapshotId id) ->
          message.getSnapshotBuilder().setSnapshotId(id.value());
      case VolumeSource.OfVolume(VolumeId id) -> message.getVolumeBuilder().setVolumeId(id.value());
    }
    return message.build();
  }

  static Snapshot message(dev.rockpool.storage.Snapshot snapshot) {
    SnapshotRecord record = snapshot.record();
    return Snapshot.newBuilder()
        .setSnapshotId(record.id().value())
        .setSourceVolumeId(record.source().value())
        .setSizeBytes(record.sizeBytes())
        .setCreationTime(timestamp(record.createdAt()))
        .setReadyToUse(record.ready())
        .setGroupSnapshotId(record.group().map(GroupId::value).orElse(""))
        .build();
  }

  static VolumeGroupSnapshot message(SnapshotGroup group) {
    return VolumeGroupSnapshot.newBuilder()
        .setGroupSnapshotId(group.id().value())
        .addAllSnapshots(group.members().stream().map(SnapshotMessages::message).toList())
        .setCreationTime(timestamp(group.record().createdAt()))
        .setReadyToUse(true)
        .build();
  }

  private static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
