package dev.rockpool.proto;

import static dev.rockpool.proto.Refusals.assertInvalid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.FsType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CapabilityTest {
  private static final String FIELD = "volume_capability";

  @ParameterizedTest
  @EnumSource(
      value = Mode.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"UNKNOWN", "UNRECOGNIZED"})
  void everyAccessModeHasItsOwn(Mode mode) {
    assertThat(of(block(mode)))
        .isEqualTo(
            new Capability(true, Optional.empty(), AccessMode.valueOf(mode.name()), List.of()));
  }

  @Test
  void aFilesystemMayBeNamedOrLeftOpen() {
    assertThat(of(mount(""))).returns(Optional.empty(), Capability::fsType);
    assertThat(of(mount("xfs"))).returns(Optional.of(FsType.XFS), Capability::fsType);
    assertThat(of(mount("xfs"))).returns(false, Capability::block);
  }

  @Test
  void mountFlagsAreKeptAsTheyAre() {
    assertThat(of(mount("", "noatime", "errors=remount-ro", "a,b")).mountFlags())
        .containsExactly("noatime", "errors=remount-ro", "a,b");
  }

  @Test
  void whatIsMissingIsNamed() {
    assertInvalid(() -> Capability.of(false, VolumeCapability.getDefaultInstance(), FIELD))
        .isEqualTo("volume_capability is required");
    assertInvalid(() -> of(VolumeCapability.getDefaultInstance()))
        .contains("volume_capability: access_mode");
    assertInvalid(() -> of(block(Mode.UNKNOWN))).contains("volume_capability: access_mode");
    assertInvalid(() ->
            of(VolumeCapability.newBuilder().setAccessMode(mode(Mode.SINGLE_NODE_WRITER)).build()))
        .contains("volume_capability: access_type");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ntfs", "EXT4", "ext4 ", "../ext4", "ext3", "\u0007"})
  void anUnknownFilesystemIsAnsweredWithTheKnownOnes(String fsType) {
    assertInvalid(() -> of(mount(fsType)))
        .startsWith("volume_capability: fs_type")
        .contains("ext4, xfs, btrfs")
        .doesNotContain("\u0007");
  }

  @Test
  void aVolumeMountGroupIsRefused() {
    VolumeCapability.Builder capability = mount("").toBuilder();
    capability.getMountBuilder().setVolumeMountGroup("1000");

    assertInvalid(() -> of(capability.build())).contains("volume_mount_group");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bind",
        "rbind",
        "move",
        "remount",
        "loop",
        "loop=/dev/loop0",
        "offset=4096",
        "sizelimit=1",
        "shared",
        "rprivate",
        "X-mount.mkdir",
        "x-systemd.automount",
        "noatime,remount",
        "noatime,loop=/dev/loop1",
        ",",
        "noatime,,ro",
        "",
        " ",
        "no atime",
        "secret\n",
        "s\u00e4cret"
      })
  void aFlagThatChangesWhatIsMountedIsRefusedWithoutBeingNamed(String flag) {
    assertInvalid(() -> of(mount("ext4", "noatime", "secret=hush," + flag)))
        .startsWith("volume_capability: mount_flags[1] is not allowed")
        .doesNotContain("hush");
    assertInvalid(() -> of(mount("ext4", flag))).contains("mount_flags[0]");
  }

  @Test
  void capabilitiesAreCompleteOrTheIncompleteOneIsNamed() {
    VolumeCapability complete = block(Mode.SINGLE_NODE_WRITER);
    // Whether it can be had is another question.
    VolumeCapability unsupported = mount("ntfs");
    VolumeCapability incomplete = complete.toBuilder().clearAccessType().build();

    assertThatCode(() -> Capability.requireComplete(List.of(complete, unsupported)))
        .doesNotThrowAnyException();
    assertInvalid(() -> Capability.requireComplete(List.of(complete, incomplete)))
        .startsWith("volume_capabilities[1]: access_type");
    assertInvalid(() -> Capability.requireComplete(List.of(block(Mode.UNKNOWN))))
        .startsWith("volume_capabilities[0]: access_mode");
  }

  @Test
  void everyFilesystemHasAName() {
    assertThat(
            Stream.of("ext4", "xfs", "btrfs")
                .map(name -> Capability.fsType(name, "fs_type").orElseThrow()))
        .containsExactlyElementsOf(Arrays.asList(FsType.values()));
    assertThat(Capability.fsType("", "fs_type")).isEmpty();
  }

  private static Capability of(VolumeCapability capability) {
    return Capability.of(true, capability, FIELD);
  }

  private static VolumeCapability block(Mode mode) {
    return VolumeCapability.newBuilder()
        .setBlock(VolumeCapability.BlockVolume.getDefaultInstance())
        .setAccessMode(mode(mode))
        .build();
  }

  private static VolumeCapability mount(String fsType, String... flags) {
    return VolumeCapability.newBuilder()
        .setMount(
            VolumeCapability.MountVolume.newBuilder()
                .setFsType(fsType)
                .addAllMountFlags(Arrays.asList(flags)))
        .setAccessMode(mode(Mode.SINGLE_NODE_WRITER))
        .build();
  }

  private static VolumeCapability.AccessMode mode(Mode mode) {
    return VolumeCapability.AccessMode.newBuilder().setMode(mode).build();
  }
}
