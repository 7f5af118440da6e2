package dev.rockpool.controller;

import dev.rockpool.proto.Capability;
import dev.rockpool.proto.Conditions;
import dev.rockpool.proto.Requests;
import dev.rockpool.proto.VolumeParameters;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.ListVolumesResponse;
import dev.rockpool.proto.csi.ValidateVolumeCapabilitiesRequest;
import dev.rockpool.proto.csi.ValidateVolumeCapabilitiesResponse;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.Contents;
import dev.rockpool.storage.FsType;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.Requester;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.Topology;
import dev.rockpool.storage.Volume;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Between the messages of the Controller service and the storage's values. */
final class Translation {
  private Translation() {}

  static NewVolume newVolume(CreateVolumeRequest request) {
    String name = Requests.requireName(request.getName(), "name");
    List<Capability> capabilities = capabilities(request.getVolumeCapabilitiesList());
    VolumeParameters parameters = VolumeParameters.parse(request.getParametersMap());
    IoLimits.Change limits = MutableParameters.parse(request.getMutableParamsMap());
    Set<AccessMode> modes = EnumSet.noneOf(AccessMode.class);
    capabilities.forEach(capability -> modes.add(capability.mode()));
    return new NewVolume(
        name,
        Requests.sizes(request.getCapacityRange()),
        block(capabilities),
        fsType(capabilities, parameters),
        modes,
        parameters.pool(),
        parameters.allocation(),
        parameters.diskConflict(),
        parameters.mkfsOptions(),
        request.hasVolumeContentSource()
            ? Optional.of(SnapshotMessages.source(request.getVolumeContentSource()))
            : Optional.empty(),
        IoLimits.NONE.changed(limits),
        request.getAccessibilityRequirements().getRequisiteList().stream()
            .map(topology -> new Topology(topology.getSegmentsMap()))
            .toList(),
        requestedBy(request.getParametersMap(), "pvc"));
  }

  /** The object that a sidecar with --extra-create-metadata names as the one it asks for. */
  static Optional<Requester> requestedBy(Map<String, String> parameters, String object) {
    String prefix = "csi.storage.k8s.io/" + object;
    String namespace = parameters.getOrDefault(prefix + "/namespace", "");
    String name = parameters.getOrDefault(prefix + "/name", "");
    return namespace.isEmpty() || name.isEmpty()
        ? Optional.empty()
        : Optional.of(new Requester(namespace, name));
  }

  private static List<Capability> capabilities(List<VolumeCapability> messages) {
    if (messages.isEmpty()) {
      throw StorageException.invalid("volume_capabilities is required");
    }
    List<Capability> capabilities = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      capabilities.add(Capability.of(true, messages.get(i), "volume_capabilities[" + i + "]"));
    }
    return capabilities;
  }

  private static boolean block(List<Capability> capabilities) {
    boolean block = capabilities.getFirst().block();
    if (capabilities.stream().anyMatch(capability -> capability.block() != block)) {
      throw StorageException.invalid(
          "volume_capabilities: block and mount contradict each other; a volume has one access"
              + " type");
    }
    return block;
  }

  private static Optional<FsType> fsType(
      List<Capability> capabilities, VolumeParameters parameters) {
    List<FsType> types = new ArrayList<>();
    parameters.fsType().ifPresent(types::add);
    capabilities.forEach(capability -> capability.fsType().ifPresent(types::add));
    if (types.stream().distinct().count() > 1) {
      throw StorageException.invalid(
          "volume_capabilities: fs_type is "
              + String.join(" and ", types.stream().distinct().map(FsType::label).toList())
              + "; a volume has one filesystem");
    }
    if (capabilities.getFirst().block() && !types.isEmpty()) {
      throw StorageException.invalid(
          "fs_type " + types.getFirst().label() + " contradicts access type block");
    }
    return types.stream().findFirst();
  }

  /** Why the volume can't serve what is asked, or empty if it can. */
  static Optional<String> objection(Volume volume, ValidateVolumeCapabilitiesRequest request) {
    try {
      VolumeParameters.parse(request.getParametersMap());
      var _ = MutableParameters.parse(request.getMutableParamsMap());
      return capabilities(request.getVolumeCapabilitiesList()).stream()
          .flatMap(capability ->
              volume
                  .record()
                  .objection(capability.block(), capability.fsType(), capability.mode())
                  .stream())
          .findFirst();
    } catch (StorageException e) {
      // CSI: what is not supported is no error here.
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  static ValidateVolumeCapabilitiesResponse.Builder confirmed(
      ValidateVolumeCapabilitiesRequest request) {
    return ValidateVolumeCapabilitiesResponse.newBuilder()
        .setConfirmed(
            ValidateVolumeCapabilitiesResponse.Confirmed.newBuilder()
                .putAllVolumeContext(request.getVolumeContextMap())
                .addAllVolumeCapabilities(request.getVolumeCapabilitiesList())
                .putAllParameters(request.getParametersMap())
                .putAllMutableParams(request.getMutableParamsMap()));
  }

  static dev.rockpool.proto.csi.Volume volume(Volume volume) {
    dev.rockpool.proto.csi.Volume.Builder message =
        dev.rockpool.proto.csi.Volume.newBuilder()
            .setVolumeId(volume.id().value())
            .setCapacityBytes(volume.record().capacityBytes())
            .putAllVolumeContext(volume.context());
    volume
        .record()
        .source()
        .ifPresent(source -> message.setContentSource(SnapshotMessages.message(source)));
    message.addAccessibleTopologyBuilder().putAllSegments(volume.topology().segments());
    return message.build();
  }

  /**
   * @param ailment what is wrong with the volume, if anything is
   */
  static ListVolumesResponse.Entry entry(Volume volume, Optional<String> ailment) {
    return ListVolumesResponse.Entry.newBuilder()
        .setVolume(volume(volume))
        .setStatus(
            ListVolumesResponse.VolumeStatus.newBuilder()
                .addAllPublishedNodeIds(publishedNodes(volume))
                .setVolumeCondition(Conditions.of(ailment)))
        .build();
  }

  static List<String> publishedNodes(Volume volume) {
    return volume.record().attachments().stream()
        .map(Attachment::node)
        .map(Object::toString)
        .toList();
  }

  /** Whether growing the volume leaves work for the node: its device, or the filesystem in it. */
  static boolean nodeExpands(Volume volume) {
    return switch (volume.record().contents()) {
      case EXT4, XFS, BTRFS -> true;
      case BLOCK -> !volume.record().attachments().isEmpty();
      case DIRECTORY -> false;
    };
  }

  /** The smallest volume that serves these capabilities, if there are any. */
  static Optional<Long> minimumBytes(List<VolumeCapability> messages, VolumeParameters parameters) {
    if (messages.isEmpty()) {
      return Optional.empty();
    }
    List<Capability> capabilities = capabilities(messages);
    if (block(capabilities)) {
      return Optional.of(Contents.BLOCK.minimumBytes());
    }
    FsType type = fsType(capabilities, parameters).orElse(FsType.EXT4);
    return Optional.of(type.minimumBytes());
  }
}
