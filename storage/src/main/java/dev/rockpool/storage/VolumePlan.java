package dev.rockpool.storage;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Decides what a volume that is asked for must be, and whether one that is there is that. */
final class VolumePlan {
  private VolumePlan() {}

  /** That one of the places that are asked for has the pool. */
  static void requireReachable(Pool pool, NewVolume asked) {
    if (!pool.topology().reachableFromAny(asked.requisite())) {
      throw new StorageException(
          StorageException.Reason.EXHAUSTED,
          "accessibility_requirements: pool \""
              + pool.name()
              + "\" can be reached from "
              + pool.topology().segments()
              + ", not from "
              + asked.requisite().stream().map(Topology::segments).toList());
    }
  }

  /**
   * The record of the volume that is to be made.
   *
   * @throws StorageException INVALID or OUT_OF_RANGE if the pool can't have such a volume
   */
  static VolumeRecord of(
      Pool pool, VolumeId id, NewVolume asked, Optional<Restoring.Origin> origin) {
    Contents kind = contents(pool, asked, origin.map(Restoring.Origin::contents));
    int sector =
        origin
            .map(Restoring.Origin::sectorBytes)
            .orElseGet(() -> kind.image() ? pool.sectorBytes() : 1);
    return new VolumeRecord(
        VolumeRecord.FORMAT_VERSION,
        id,
        asked.name(),
        VolumeRecord.State.CREATING,
        kind,
        bytes(asked, kind, sector, origin),
        sector,
        asked.allocation(),
        asked.diskConflict(),
        asked.mkfsOptions(),
        asked.modes(),
        asked.source(),
        0,
        asked.limits(),
        false,
        Instant.now().truncatedTo(ChronoUnit.MILLIS),
        List.of(),
        asked.requestedBy());
  }

  /**
   * What is asked for, but at least what the source has. It is compared as it would be rounded: who
   * asks for a copy as the source was asked for gets one.
   */
  private static long bytes(
      NewVolume asked, Contents kind, int sector, Optional<Restoring.Origin> origin) {
    long least = origin.map(Restoring.Origin::sizeBytes).orElse(0L);
    long limit = asked.size().limit();
    boolean unsaid = asked.size().required() == 0;
    SizeRange size =
        unsaid && (limit == 0 || least <= limit) && least > 0
            ? new SizeRange(least, limit)
            : asked.size();
    long bytes = size.choose(kind.minimumBytes(), sector, kind.description());
    if (bytes < least) {
      throw new StorageException(
          StorageException.Reason.OUT_OF_RANGE,
          "capacity_range "
              + asked.size()
              + ": its source has "
              + least
              + " bytes, and the volume can't be smaller");
    }
    return bytes;
  }

  /**
   * What a volume must consist of to serve all its access modes from this pool.
   *
   * @param given what its source consists of; empty = it begins empty
   */
  private static Contents contents(Pool pool, NewVolume asked, Optional<Contents> given) {
    Contents kind = contents(pool, asked);
    if (given.isEmpty()) {
      return kind;
    }
    boolean fits =
        kind == given.get()
            || (asked.fsType().isEmpty()
                && kind.fsType().isPresent()
                && given.get().fsType().isPresent());
    if (!fits) {
      throw StorageException.invalid(
          "volume_content_source is "
              + given.get().description()
              + ", and can't become "
              + kind.description());
    }
    return given.get();
  }

  private static Contents contents(Pool pool, NewVolume asked) {
    boolean manyWriters = asked.modes().contains(AccessMode.MULTI_NODE_MULTI_WRITER);
    if (asked.modes().contains(AccessMode.MULTI_NODE_SINGLE_WRITER) && !manyWriters) {
      throw StorageException.invalid(
          "access mode MULTI_NODE_SINGLE_WRITER is supported for volumes that also have"
              + " MULTI_NODE_MULTI_WRITER only");
    }
    Contents kind =
        asked.block()
            ? Contents.BLOCK
            : manyWriters ? Contents.DIRECTORY : Contents.of(asked.fsType().orElse(FsType.EXT4));
    if (kind == Contents.DIRECTORY && pool.kind() == PoolKind.LOCAL) {
      throw StorageException.invalid(
          "access mode MULTI_NODE_MULTI_WRITER with a filesystem needs a shared pool; \""
              + pool.name()
              + "\" is local. On a local pool use SINGLE_NODE_MULTI_WRITER, or a raw"
              + " block volume");
    }
    if (!asked.mkfsOptions().isEmpty() && kind.fsType().isEmpty()) {
      throw StorageException.invalid(
          "parameter \"mkfsOptions\": " + kind.description() + " has no filesystem to make");
    }
    if (asked.mkfsOptions().stream().anyMatch(VolumePlan::leadsAway)) {
      throw StorageException.invalid(
          "parameter \"mkfsOptions\": mkfs gets no paths, they could lead to other data");
    }
    if (asked.allocation() == Allocation.THICK && !kind.image()) {
      throw StorageException.invalid(
          "parameter \"allocation\": " + kind.description() + " can't be thick");
    }
    return kind;
  }

  /**
   * Whether a word of mkfs's options may name something outside of the volume's own directory, in
   * which it runs: all volumes are in "..", and tags name disks of the machine.
   */
  private static boolean leadsAway(String option) {
    return option.contains("/")
        || option.endsWith(".")
        || option.contains("UUID=")
        || option.contains("LABEL=");
  }

  /**
   * That the volume is the one that is asked for.
   *
   * @throws StorageException ALREADY_EXISTS with the first difference
   */
  static void requireSame(Pools.Found there, NewVolume asked) {
    difference(there, asked)
        .ifPresent(differs -> {
          throw new StorageException(
              StorageException.Reason.ALREADY_EXISTS,
              "volume \"" + there.record().id() + "\" exists, and differs: it " + differs);
        });
  }

  /** What keeps the volume from being the one that is asked for. */
  private static Optional<String> difference(Pools.Found there, NewVolume asked) {
    VolumeRecord is = there.record();
    if (!is.name().equals(asked.name())) {
      return Optional.of("was created as \"" + Printable.of(is.name()) + "\"");
    }
    if (asked.pool().isPresent() && !asked.pool().get().equals(there.pool().name())) {
      return Optional.of("is in pool \"" + there.pool().name() + "\"");
    }
    if (!is.source().equals(asked.source())) {
      return Optional.of(
          is.source().map(source -> "was made of " + source).orElse("was made without a source"));
    }
    if (is.contents() != contents(there.pool(), asked, is.source().map(_ -> is.contents()))) {
      return Optional.of("is " + is.contents().description());
    }
    if (!is.modes().equals(asked.modes())) {
      return Optional.of("was created for the access modes " + is.modes());
    }
    if (!asked.size().contains(is.capacityBytes())) {
      return Optional.of("has " + is.capacityBytes() + " bytes, asked: " + asked.size());
    }
    if (parametersDiffer(is, asked)) {
      return Optional.of("was created with other parameters");
    }
    return there.pool().topology().reachableFromAny(asked.requisite())
        ? Optional.empty()
        : Optional.of("can't be reached from the topology asked for");
  }

  private static boolean parametersDiffer(VolumeRecord is, NewVolume asked) {
    return is.allocation() != asked.allocation()
        || is.diskConflict() != asked.diskConflict()
        || !is.mkfsOptions().equals(asked.mkfsOptions());
  }
}
