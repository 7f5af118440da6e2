package dev.rockpool.storage.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class MountOptionsTest {
  private static MountOptions parse(String options) {
    return MountOptions.parse(options).orElseThrow();
  }

  @Test
  void noOptionsAreNoFlags() {
    assertThat(parse("")).isEqualTo(new MountOptions(0, ""));
    assertThat(parse("rw")).isEqualTo(new MountOptions(0, ""));
  }

  /** As linux/mount.h numbers them. */
  @ParameterizedTest
  @CsvSource({
    "ro, 1",
    "nosuid, 2",
    "nodev, 4",
    "noexec, 8",
    "sync, 16",
    "dirsync, 128",
    "nosymfollow, 256",
    "noatime, 1024",
    "nodiratime, 2048",
    "relatime, 2097152",
    "strictatime, 16777216",
    "lazytime, 33554432",
  })
  void genericOptionsAreFlags(String option, long flag) {
    assertThat(parse(option)).isEqualTo(new MountOptions(flag, ""));
  }

  @Test
  void ofTwoAboutOneFlagTheLastCounts() {
    assertThat(parse("ro,rw").flags()).isZero();
    assertThat(parse("rw,noatime,ro").flags())
        .isEqualTo(MountOptions.NO_ATIME | MountOptions.READ_ONLY);
    assertThat(parse("nosuid,suid,nodev").flags()).isEqualTo(MountOptions.NO_DEV);
  }

  @Test
  void theFilesystemsOwnAreData() {
    assertThat(parse("noatime,discard,ro,noload"))
        .isEqualTo(
            new MountOptions(MountOptions.NO_ATIME | MountOptions.READ_ONLY, "discard,noload"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "defaults",
        "loop",
        "bind",
        "remount",
        "user",
        "x-systemd.automount",
        "X-mount.mkdir",
        "data=journal",
        "context=\"a,b\"",
        "RO",
        " ro",
        "hush=abracadabra"
      })
  void whatMount8MayUnderstandIsLeftToIt(String option) {
    assertThat(MountOptions.parse(option)).isEmpty();
    assertThat(MountOptions.parse("ro," + option)).isEmpty();
  }
}
