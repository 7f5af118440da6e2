package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where cgroups are found, and what is written there, in a directory that looks like cgroupfs. */
final class IoCgroupsTest {
  private static final String UID = "5e1c9a52-41f4-4b5b-9d0c-0f0d3a1c2b7e";
  private static final Path TARGET =
      Path.of("/var/lib/kubelet/pods/" + UID + "/volumes/kubernetes.io~csi/pvc-1/mount");

  @TempDir private Path root;
  private BlockThrottle v2;

  @BeforeEach
  void mount() {
    v2 = new BlockThrottle.V2(List.of(root));
  }

  private IoCgroups cgroups() {
    return new IoCgroups(Optional.of(v2), Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kubepods.slice/kubepods-pod5e1c9a52_41f4_4b5b_9d0c_0f0d3a1c2b7e.slice",
        "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5e1c9a52_41f4_4b5b_9d0c_0f0d3a1c2b7e.slice",
        "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod5e1c9a52_41f4_4b5b_9d0c_0f0d3a1c2b7e.slice",
        "kubepods/pod5e1c9a52-41f4-4b5b-9d0c-0f0d3a1c2b7e",
        "kubepods/burstable/pod5e1c9a52-41f4-4b5b-9d0c-0f0d3a1c2b7e",
        "kubelet/kubepods/besteffort/pod5e1c9a52-41f4-4b5b-9d0c-0f0d3a1c2b7e"
      })
  void aPodsCgroupIsFoundWhateverMakesIt(String path) throws IOException {
    Path pod = Files.createDirectories(root.resolve(path));
    Files.createDirectories(pod.resolveSibling("kubepods-pod00000000_0000.slice"));
    Files.createDirectories(root.resolve("system.slice/pod" + UID));

    assertThat(cgroups().of(TARGET)).isEqualTo(pod);
    assertThat(
            cgroups()
                .of(
                    Path.of(
                        "/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/publish/pvc-1",
                        UID)))
        .isEqualTo(pod);
  }

  @Test
  void aPodWithoutACgroupIsSaidToHaveNone() {
    assertThatThrownBy(() -> cgroups().of(TARGET))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(UID)
        .hasMessageContaining(root.toString());
  }

  @Test
  void theUserOfAnotherTargetIsInTheCgroupThatTheOperatorNamed() throws IOException {
    Path named = Files.createDirectories(root.resolve("nomad.slice/alloc"));

    assertThat(new IoCgroups(Optional.of(v2), Optional.of(named)).of(Path.of("/mnt/one")))
        .isEqualTo(named);
    assertThatThrownBy(() -> cgroups().of(Path.of("/mnt/one")))
        .hasMessageContaining("/mnt/one")
        .hasMessageContaining("--io-cgroup");
  }

  @Test
  void theCgroupThatIsNamedMustBeOneWithTheController() throws IOException {
    Path file = Files.createFile(root.resolve("file"));
    for (Path wrong :
        List.of(
            root,
            root.resolve("none"),
            file,
            Path.of("relative"),
            Path.of("/"),
            root.resolve("..").resolve(String.valueOf(root.getFileName())).resolve("file"))) {
      assertThatThrownBy(() -> new IoCgroups(Optional.of(v2), Optional.of(wrong)))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("--io-cgroup " + wrong);
    }
    assertThatThrownBy(() -> new IoCgroups(Optional.empty(), Optional.of(root)))
        .hasMessageContaining("no block-throttle controller is mounted");
  }

  @Test
  void version2TakesAllLimitsInOneLine() throws IOException {
    Path cgroup = Files.createDirectories(root.resolve("kubepods.slice/pod"));
    Path file = Files.createFile(cgroup.resolve("io.max"));

    v2.limit(cgroup, "7:3", new IoLimits(0, 100, 1 << 20, 0));
    assertThat(file).hasContent("7:3 rbps=1048576 wbps=max riops=max wiops=100");
    Files.writeString(file, "");
    v2.limit(cgroup, "7:3", IoLimits.NONE);
    assertThat(file).hasContent("7:3 rbps=max wbps=max riops=max wiops=max");
    assertThat(v2.members(cgroup)).containsExactly(cgroup);
  }

  @Test
  void aControllerThatIsNotEnabledIsSaidToBe() throws IOException {
    Path cgroup = Files.createDirectories(root.resolve("kubepods.slice/pod"));

    assertThatThrownBy(() -> v2.limit(cgroup, "7:3", IoLimits.NONE))
        .hasMessageContaining(root + "/kubepods.slice/cgroup.subtree_control");
    assertThatThrownBy(() -> v2.limit(root.resolve("gone"), "7:3", IoLimits.NONE))
        .as("a cgroup that has ended")
        .isInstanceOf(NoSuchFileException.class);
  }
}
