package dev.rockpool.driver.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Contents;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.Requester;
import dev.rockpool.storage.Snapshot;
import dev.rockpool.storage.Volume;
import dev.rockpool.storage.VolumeRecord;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** What Kubernetes needs to know of volumes and snapshots that are there, but not known to it. */
final class Manifests {
  private static final Pattern SUBDOMAIN =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
  private static final int LONGEST_SUBDOMAIN = 253;
  private static final String SNAPSHOTS = "snapshot.storage.k8s.io/v1";
  private static final String ONE_POD = "ReadWriteOncePod";

  private final String driver;
  private final Optional<String> storageClass;
  private final Optional<String> snapshotClass;
  private final String namespace;

  /**
   * @param driver the CSI driver's name
   * @param storageClass of volumes and claims; empty = none
   * @param snapshotClass of snapshots; empty = none
   * @param namespace of snapshots for which none is known
   */
  Manifests(
      String driver,
      Optional<String> storageClass,
      Optional<String> snapshotClass,
      String namespace) {
    this.driver = driver;
    this.storageClass = storageClass;
    this.snapshotClass = snapshotClass;
    this.namespace = namespace;
  }

  /** A List of Kubernetes' objects. */
  static ObjectNode list(List<ObjectNode> items) {
    ObjectNode list = object("v1", "List");
    list.putArray("items").addAll(items);
    return list;
  }

  /** The PersistentVolume, kept for its claim where that is known. */
  ObjectNode persistentVolume(Volume volume) {
    VolumeRecord record = volume.record();
    ObjectNode manifest = object("v1", "PersistentVolume");
    ObjectNode metadata = manifest.putObject("metadata").put("name", name(volume));
    metadata.putObject("annotations").put("pv.kubernetes.io/provisioned-by", driver);
    ObjectNode spec = manifest.putObject("spec");
    spec.set("accessModes", accessModes(record));
    spec.putObject("capacity").put("storage", "" + record.capacityBytes());
    claim(record)
        .ifPresent(claim ->
            spec.putObject("claimRef")
                .put("apiVersion", "v1")
                .put("kind", "PersistentVolumeClaim")
                .put("namespace", claim.namespace())
                .put("name", claim.name()));
    ObjectNode csi = spec.putObject("csi").put("driver", driver);
    csi.put("volumeHandle", volume.id().value());
    record.contents().fsType().ifPresent(type -> csi.put("fsType", type.label()));
    if (!volume.context().isEmpty()) {
      ObjectNode attributes = csi.putObject("volumeAttributes");
      new TreeMap<>(volume.context()).forEach(attributes::put);
    }
    ObjectNode term =
        spec.putObject("nodeAffinity")
            .putObject("required")
            .putArray("nodeSelectorTerms")
            .addObject();
    ArrayNode expressions = term.putArray("matchExpressions");
    new TreeMap<>(volume.topology().segments())
        .forEach((key, value) ->
            expressions
                .addObject()
                .put("key", key)
                .put("operator", "In")
                .putArray("values")
                .add(value));
    spec.put("persistentVolumeReclaimPolicy", "Retain");
    storageClass.ifPresent(name -> spec.put("storageClassName", name));
    spec.put("volumeMode", volumeMode(record.contents()));
    return manifest;
  }

  /** The claim that the volume was made for, bound to it; empty if that is not known. */
  Optional<ObjectNode> persistentVolumeClaim(Volume volume) {
    VolumeRecord record = volume.record();
    return claim(record)
        .map(claim -> {
          ObjectNode manifest = object("v1", "PersistentVolumeClaim");
          manifest
              .putObject("metadata")
              .put("name", claim.name())
              .put("namespace", claim.namespace());
          ObjectNode spec = manifest.putObject("spec");
          spec.set("accessModes", accessModes(record));
          spec.putObject("resources")
              .putObject("requests")
              .put("storage", "" + record.capacityBytes());
          // Without one the default class would be taken, and no volume of none be bound.
          spec.put("storageClassName", storageClass.orElse(""));
          spec.put("volumeMode", volumeMode(record.contents()));
          spec.put("volumeName", name(volume));
          return manifest;
        });
  }

  /** The VolumeSnapshotContent, which external-snapshotter's controller binds. */
  ObjectNode snapshotContent(Snapshot snapshot) {
    ObjectNode manifest = object(SNAPSHOTS, "VolumeSnapshotContent");
    manifest.putObject("metadata").put("name", snapshot.id().value());
    ObjectNode spec = manifest.putObject("spec");
    spec.put("deletionPolicy", "Retain").put("driver", driver);
    spec.putObject("source").put("snapshotHandle", snapshot.id().value());
    spec.put("sourceVolumeMode", volumeMode(snapshot.record().contents()));
    snapshotClass.ifPresent(name -> spec.put("volumeSnapshotClassName", name));
    Requester of = volumeSnapshotName(snapshot);
    spec.putObject("volumeSnapshotRef")
        .put("apiVersion", SNAPSHOTS)
        .put("kind", "VolumeSnapshot")
        .put("name", of.name())
        .put("namespace", of.namespace());
    return manifest;
  }

  /** The VolumeSnapshot of that content. */
  ObjectNode volumeSnapshot(Snapshot snapshot) {
    Requester of = volumeSnapshotName(snapshot);
    ObjectNode manifest = object(SNAPSHOTS, "VolumeSnapshot");
    manifest.putObject("metadata").put("name", of.name()).put("namespace", of.namespace());
    ObjectNode spec = manifest.putObject("spec");
    spec.putObject("source").put("volumeSnapshotContentName", snapshot.id().value());
    snapshotClass.ifPresent(name -> spec.put("volumeSnapshotClassName", name));
    return manifest;
  }

  private Requester volumeSnapshotName(Snapshot snapshot) {
    return valid(snapshot.record().requestedBy())
        .orElseGet(() -> new Requester(namespace, snapshot.id().value()));
  }

  private static Optional<Requester> claim(VolumeRecord record) {
    return valid(record.requestedBy());
  }

  private static Optional<Requester> valid(Optional<Requester> requester) {
    return requester.filter(by -> isSubdomain(by.namespace()) && isSubdomain(by.name()));
  }

  /** The name that the volume had in Kubernetes, which is what it was created as. */
  private static String name(Volume volume) {
    String name = volume.record().name();
    return isSubdomain(name) ? name : volume.id().value();
  }

  private static boolean isSubdomain(String text) {
    return text.length() <= LONGEST_SUBDOMAIN && SUBDOMAIN.matcher(text).matches();
  }

  private static ObjectNode object(String apiVersion, String kind) {
    return Json.MAPPER.createObjectNode().put("apiVersion", apiVersion).put("kind", kind);
  }

  private static String volumeMode(Contents contents) {
    return contents == Contents.BLOCK ? "Block" : "Filesystem";
  }

  private static ArrayNode accessModes(VolumeRecord record) {
    Set<String> modes = new TreeSet<>();
    record.modes().forEach(mode -> modes.add(accessMode(mode)));
    // Kubernetes refuses it beside others.
    if (modes.size() > 1) {
      modes.remove(ONE_POD);
    }
    ArrayNode array = Json.MAPPER.createArrayNode();
    modes.forEach(array::add);
    return array;
  }

  /** The access mode for which external-provisioner asks for this one. */
  private static String accessMode(AccessMode mode) {
    return switch (mode) {
      case SINGLE_NODE_WRITER, SINGLE_NODE_MULTI_WRITER -> "ReadWriteOnce";
      case SINGLE_NODE_SINGLE_WRITER -> ONE_POD;
      case SINGLE_NODE_READER_ONLY, MULTI_NODE_READER_ONLY -> "ReadOnlyMany";
      case MULTI_NODE_SINGLE_WRITER, MULTI_NODE_MULTI_WRITER -> "ReadWriteMany";
    };
  }
}
