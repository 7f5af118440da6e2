package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.host.LoopDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Limits of I/O, in cgroups of the machine's own controller, on real devices. */
final class LimitsIT {
  private static final Mode MODE = Mode.SINGLE_NODE_MULTI_WRITER;
  private static final String UID = "5e1c9a52-41f4-4b5b-9d0c-0f0d3a1c2b7e";

  @RegisterExtension private static final Machine machine = Machine.xfs();
  @RegisterExtension private final TestCgroups cgroups = new TestCgroups();

  private static void limit(TestNode node, String volume, long writeIops) {
    var _ =
        node.volumes()
            .modify(
                VolumeId.parse(volume),
                new IoLimits.Change(
                    OptionalLong.empty(),
                    OptionalLong.of(writeIops),
                    OptionalLong.empty(),
                    OptionalLong.empty()));
  }

  private static String device(Path mountPoint) {
    return Mounts.at(mountPoint).flatMap(Mounts::loop).map(LoopDevice::majorMinor).orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void aUserWritesAsFastAsItsLimitAndAChangeHoldsAtOnce(Kind kind) {
    Path user = cgroups.make("");
    VolumeCapability capability = kind.capability(MODE);
    try (TestNode node = TestNode.limiting(machine, cgroups.named(user))) {
      node.create("vol", kind);
      node.use("vol", capability);
      Path target = node.publish("vol", "one", capability);
      cgroups.startWriting(user, kind.block() ? target : target.resolve("file"));
      double free = cgroups.writesPerSecond(user, 1);
      limit(node, "vol", 100);
      double hundred = cgroups.writesPerSecond(user, 3);
      limit(node, "vol", 200);
      double twoHundred = cgroups.writesPerSecond(user, 2);
      limit(node, "vol", 0);
      double freeAgain = cgroups.writesPerSecond(user, 1);
      cgroups.stopWriting();

      System.out.printf(
          "%s, writes of 4 KiB in a second: no limit %.0f, limit 100 %.1f, limit 200 %.1f,"
              + " taken away %.0f%n",
          kind, free, hundred, twoHundred, freeAgain);
      assertThat(free).isGreaterThan(400);
      assertThat(hundred).isBetween(80.0, 120.0);
      assertThat(twoHundred).isBetween(160.0, 240.0);
      assertThat(freeAgain).isGreaterThan(400);
    }
  }

  @Test
  void limitsOfAVolumeHoldFromItsPublicationOnAndGoWithItsLastTarget() {
    Path user = cgroups.make("");
    VolumeCapability capability = Kind.EXT4.capability(MODE);
    try (TestNode node = TestNode.limiting(machine, cgroups.named(user))) {
      node.create("vol", Kind.EXT4);
      var _ =
          node.volumes()
              .modify(
                  VolumeId.parse("vol"),
                  new IoLimits.Change(
                      OptionalLong.of(300),
                      OptionalLong.of(400),
                      OptionalLong.of(5 << 20),
                      OptionalLong.of(6 << 20)));
      Path staging = node.use("vol", capability);
      String device = device(staging);
      assertThat(cgroups.limits(user, device)).as("before anybody uses it").isEmpty();

      Path one = node.publish("vol", "one", capability);
      Path two = node.publish("vol", "two", capability);
      assertThat(cgroups.limits(user, device))
          .isEqualTo(Map.of("riops", 300L, "wiops", 400L, "rbps", 5L << 20, "wbps", 6L << 20));
      assertThat(node.nodeVolumes().unenforcedLimits()).isZero();

      node.unpublish("vol", one);
      assertThat(cgroups.limits(user, device)).hasSize(4);
      node.unpublish("vol", two);
      assertThat(cgroups.limits(user, device)).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EXT4", "BLOCK"})
  void aPodIsLimitedInItsOwnCgroup(Kind kind) throws IOException {
    String slice = "kubepods-burstable-pod" + UID.replace('-', '_') + ".slice";
    Path pod = cgroups.make("kubepods-", "kubepods-burstable.slice", slice);
    VolumeCapability capability = kind.capability(MODE);
    try (TestNode node = TestNode.limiting(machine, cgroups.ofPodsOnly())) {
      node.create("vol", kind);
      limit(node, "vol", 100);
      String device;
      Path target =
          node.pods()
              .resolve(
                  kind.block()
                      ? "volumeDevices/publish/pv-1/" + UID
                      : "pods/" + UID + "/volumes/kubernetes.io~csi/pv-1/mount");
      Files.createDirectories(target.resolveSibling("."));
      device =
          device(
              kind.block()
                  ? node.use("vol", capability).resolve(StagedVolume.DEVICE)
                  : node.use("vol", capability));
      node.publish("vol", target, capability, false);
      assertThat(cgroups.limits(pod, device)).isEqualTo(Map.of("wiops", 100L));

      Path container = cgroups.make("kubepods-", "kubepods-burstable.slice", slice, "cri-1.scope");
      if (cgroups.v1()) {
        await()
            .untilAsserted(() ->
                assertThat(cgroups.limits(container, device))
                    .as("in a container that came later: v1 limits hold for one cgroup only")
                    .isEqualTo(Map.of("wiops", 100L)));
      }
      limit(node, "vol", 0);
      assertThat(cgroups.limits(pod, device)).isEmpty();
      assertThat(cgroups.limits(container, device)).isEmpty();
      limit(node, "vol", 50);
      cgroups.remove(container);
      cgroups.remove(pod);
      node.unpublish("vol", target);
    }
  }

  @Test
  void aPodWhoseCgroupComesLaterIsLimitedThen() throws IOException {
    VolumeCapability capability = Kind.EXT4.capability(MODE);
    try (TestNode node = TestNode.limiting(machine, cgroups.ofPodsOnly())) {
      node.create("vol", Kind.EXT4);
      limit(node, "vol", 100);
      String device = device(node.use("vol", capability));
      Path target = node.pods().resolve("pods/" + UID + "/volumes/kubernetes.io~csi/pv-1/mount");
      Files.createDirectories(target.resolveSibling("."));
      node.publish("vol", target, capability, false);
      assertThat(node.nodeVolumes().unenforcedLimits()).isEqualTo(1);

      Path pod = cgroups.make("kubepods-", "besteffort", "pod" + UID);
      await()
          .untilAsserted(
              () -> assertThat(cgroups.limits(pod, device)).isEqualTo(Map.of("wiops", 100L)));
      await().untilAsserted(() -> assertThat(node.nodeVolumes().unenforcedLimits()).isZero());
    }
  }

  @Test
  void aReadOnlyTargetOfABlockVolumeIsLimitedOnItsOwnDevice() {
    Path user = cgroups.make("");
    VolumeCapability capability = Kind.BLOCK.capability(MODE);
    try (TestNode node = TestNode.limiting(machine, cgroups.named(user))) {
      node.create("vol", Kind.BLOCK);
      limit(node, "vol", 100);
      Path staging = node.use("vol", capability);
      Path writer = node.publish("vol", "writer", capability);
      Path reader = node.publish("vol", "reader", capability, true);
      String staged = device(staging.resolve(StagedVolume.DEVICE));
      String own = device(reader);
      assertThat(own).isNotEqualTo(staged);
      assertThat(cgroups.limits(user, staged)).isEqualTo(Map.of("wiops", 100L));
      assertThat(cgroups.limits(user, own)).isEqualTo(Map.of("wiops", 100L));

      node.unpublish("vol", reader);
      assertThat(cgroups.limits(user, own)).isEmpty();
      assertThat(cgroups.limits(user, staged)).isNotEmpty();
      node.unpublish("vol", writer);
      assertThat(cgroups.limits(user, staged)).isEmpty();
    }
  }

  @Test
  void aDriverThatWasKilledLimitsAgainAndTakesAwayWhatItHadSet() {
    Path user = cgroups.make("");
    try (TestNode other = TestNode.shared(machine, "node-b")) {
      NodeProcess node = NodeProcess.start(machine, "node-a", user.toString());
      other.create("vol", Kind.EXT4);
      other.attach("vol", "node-a", Kind.EXT4.capability(MODE), false);
      limit(other, "vol", 100);
      node.stage("vol", Kind.EXT4, MODE);
      Path target = node.publish("vol", "one", Kind.EXT4, MODE, false);
      String device = device(target);
      assertThat(cgroups.limits(user, device)).isEqualTo(Map.of("wiops", 100L));
      node.close();

      limit(other, "vol", 200);
      node = NodeProcess.start(machine, "node-a", user.toString());
      assertThat(cgroups.limits(user, device)).isEqualTo(Map.of("wiops", 200L));
      limit(other, "vol", 300);
      await()
          .untilAsserted(() ->
              assertThat(cgroups.limits(user, device))
                  .as("what another node changed")
                  .isEqualTo(Map.of("wiops", 300L)));
      node.close();

      Machine.run("umount", target.toString());
      Machine.run("umount", node.stagingPath("vol").toString());
      node = NodeProcess.start(machine, "node-a", user.toString());
      assertThat(cgroups.limits(user, device)).isEmpty();
      assertThat(node.state()).isEmptyDirectory();
      node.close();
    }
  }

  @Test
  void whatNoCgroupIsKnownForIsRecordedAndCountedAsNotEnforced() {
    VolumeCapability capability = Kind.EXT4.capability(MODE);
    try (TestNode node = TestNode.limiting(machine, cgroups.ofPodsOnly())) {
      node.create("vol", Kind.EXT4);
      limit(node, "vol", 100);
      node.use("vol", capability);
      assertThat(node.nodeVolumes().unenforcedLimits()).as("nobody uses it").isZero();
      Path target = node.publish("vol", "one", capability);
      assertThat(node.nodeVolumes().unenforcedLimits()).isEqualTo(1);
      limit(node, "vol", 0);
      assertThat(node.nodeVolumes().unenforcedLimits()).isZero();
      limit(node, "vol", 10);
      node.unpublish("vol", target);
      assertThat(node.nodeVolumes().unenforcedLimits()).isZero();
    }
  }
}
