package dev.rockpool.driver.fault;

import static dev.rockpool.driver.fault.Service.refused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.driver.crash.Orchestrator;
import io.grpc.Status.Code;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mounts and loop devices are gone, or somebody else's. */
@Timeout(120)
final class RebootIT {
  private static final String DATA = "what was written and acknowledged";

  @TempDir private Path temporary;
  private Disk disk;
  private Service service;
  private Orchestrator calls;

  @BeforeEach
  void start() throws Exception {
    disk = Disk.make(temporary, "default", "xfs", 2048);
    service = Service.start(temporary, Map.of("default", disk));
    calls = service.calls();
  }

  @AfterEach
  void end() {
    try (Disk _ = disk) {
      service.close();
    }
  }

  private void takeMountsAway() throws IOException {
    for (Path mount : service.mounts().reversed()) {
      Disk.run("umount", mount.toString());
    }
    for (String device : devicesOf("")) {
      Disk.run("losetup", "--detach", device);
    }
    assertThat(service.devices()).isEmpty();
  }

  private List<String> devicesOf(String volume) {
    return Disk.run("losetup", "--list", "--noheadings", "-O", "NAME,BACK-FILE")
        .lines()
        .filter(line -> line.contains(disk.pool().resolve("volumes").resolve(volume).toString()))
        .map(line -> line.split(" +", -1)[0])
        .toList();
  }

  @Test
  void afterAPowerCutTheNextCallsMakeAllAnew() throws Exception {
    calls.use("ext4", "ext4", 64, DATA);
    calls.use("xfs", "xfs", 300, DATA);
    calls.use("raw", "", 16, DATA);
    calls.use("gone", "ext4", 64, DATA);
    service.kill();
    takeMountsAway();
    disk.unmount();
    disk.mount();
    assertThat(service.work().resolve("run/csi.sock")).exists();
    assertThat(service.work().resolve("state")).isNotEmptyDirectory();

    service.restart();
    for (String id : new String[] {"ext4", "xfs", "raw"}) {
      String fsType = id.equals("raw") ? "" : id;
      calls.use(id, fsType);
      assertThat(calls.content(id, fsType, DATA)).isEqualTo(DATA);
    }
    assertThat(service.devices()).hasSize(3);
    service.clear();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", ""})
  void underARunningDriverTheNextCallsMakeAllAnew(String fsType) throws Exception {
    calls.use("v", fsType, 64, DATA);
    takeMountsAway();
    calls.use("v", fsType);
    assertThat(calls.content("v", fsType, DATA)).isEqualTo(DATA);
    assertThat(service.devices()).hasSize(1);
    service.clear();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", ""})
  void somebodyElsesDeviceOnTheImageIsNamedAndLeftAlone(String fsType) throws Exception {
    calls.use("v", fsType, 64, DATA);
    takeMountsAway();
    for (String readOnly : new String[] {"", "--read-only"}) {
      String device = attach(readOnly);
      calls.unpublish("v");
      calls.unstage("v");
      assertThat(devicesOf("v")).containsExactly(device);
      assertThat(refused(Code.FAILED_PRECONDITION, () -> calls.stage("v", fsType)))
          .contains(device, "somebody else", "losetup -d " + device);
      assertThat(devicesOf("v")).containsExactly(device);
      Disk.run("losetup", "--detach", device);
    }
    calls.use("v", fsType);
    assertThat(calls.content("v", fsType, DATA)).isEqualTo(DATA);
    // It comes when the volume is in use: it stays when that ends.
    String late = attach("");
    calls.takeOff("v");
    assertThat(devicesOf("v")).containsExactly(late);
    Disk.run("losetup", "--detach", late);
    service.clear();
  }

  private String attach(String option) {
    String image = disk.image("v").toString();
    return option.isEmpty()
        ? Disk.run("losetup", "--find", "--show", image)
        : Disk.run("losetup", "--find", "--show", option, image);
  }

  /** Whoever uses the deleted file goes on; what has its name now is another one. */
  @ParameterizedTest
  @ValueSource(strings = {"ext4", ""})
  void anImageThatWasReplacedIsServedWhenTheOldOneIsTakenOff(String fsType) throws Exception {
    calls.use("v", fsType, 64, DATA);
    Path image = disk.image("v");
    Disk.run("sync", "--file-system", calls.target("v").toString());
    Disk.run("cp", "--reflink=always", image.toString(), image + ".copy");
    Disk.run("mv", image + ".copy", image.toString());
    assertThat(service.devices()).hasSize(1).first().asString().contains("(deleted)");
    assertThat(calls.content("v", fsType, DATA)).isEqualTo(DATA);
    calls.takeOff("v");
    assertThat(service.devices()).isEmpty();
    calls.use("v", fsType);
    assertThat(calls.content("v", fsType, DATA)).isEqualTo(DATA);
    service.clear();
  }
}
