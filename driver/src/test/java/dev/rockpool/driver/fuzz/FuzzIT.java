package dev.rockpool.driver.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import dev.rockpool.driver.CsiClient;
import dev.rockpool.proto.csi.CsiProto;
import dev.rockpool.proto.csi.DeleteVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.GroupControllerGrpc;
import dev.rockpool.proto.csi.VolumeCapability;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Thousands of random requests to every RPC of the real program. It answers each with a code that
 * means something, writes nowhere but where it should, lives on, and serves as before.
 *
 * <p>Another run is asked for by {@code -Drockpool.fuzz.seed=N -Drockpool.fuzz.cases=N}.
 */
final class FuzzIT {
  private static final long SEED = Long.getLong("rockpool.fuzz.seed", 20_260_101);
  private static final int CASES = Integer.getInteger("rockpool.fuzz.cases", 5000);
  private static final int MESSAGES = 20;
  // Wild requests meet volumes in every state.
  private static final int CASES_BETWEEN_LIVES = 4;
  private static final int ATTEMPTS = 50;
  private static final List<String> LIFE =
      List.of(
          "CreateVolume",
          "CreateSnapshot",
          "CreateVolumeGroupSnapshot",
          "ControllerPublishVolume",
          "NodeStageVolume",
          "NodePublishVolume");
  private static final Set<Code> MEANINGFUL =
      Set.of(
          Code.INVALID_ARGUMENT,
          Code.NOT_FOUND,
          Code.ALREADY_EXISTS,
          Code.FAILED_PRECONDITION,
          Code.RESOURCE_EXHAUSTED,
          Code.OUT_OF_RANGE);

  @TempDir private Path temporary;

  private final Random random = new Random(SEED);
  private final List<MethodDescriptor> rpcs =
      CsiProto.getDescriptor().getServices().stream()
          .map(ServiceDescriptor::getMethods)
          .flatMap(List::stream)
          .toList();
  private final List<String> wrong = new ArrayList<>();
  private final Map<Code, Integer> codes = new EnumMap<>(Code.class);
  private final Set<String> successes = new TreeSet<>();
  private final Set<Use> staged = new LinkedHashSet<>();
  private final Set<Use> published = new LinkedHashSet<>();
  private final Set<String> groups = new TreeSet<>();

  /** A path that a volume was put at. */
  private record Use(String volume, String path) {}

  @Test
  void badRequestsAreRefusedAndDoNoHarm() throws IOException {
    try (ContainedDriver driver = new ContainedDriver(temporary)) {
      Decoys decoys = new Decoys(driver);
      for (Subject subject : Subject.ALL) {
        Files.createDirectory(subject.staging(driver.targets()));
      }
      Map<Path, String> before = decoys.state();
      List<Path> writtenBefore = driver.writtenOutside();
      Requests requests = new Requests(random, new Wild(random, decoys.paths()), driver.targets());

      for (int i = 0; i < CASES && wrong.size() < 20; i++) {
        if (i % CASES_BETWEEN_LIVES == 0) {
          bringToLife(driver, i, requests, Subject.any(random), 1 + random.nextInt(LIFE.size()));
        }
        MethodDescriptor rpc = rpcs.get(random.nextInt(rpcs.size()));
        codes.merge(call(driver, i, rpc, requests.next(rpc.getInputType())), 1, Integer::sum);
        assertThat(driver.isAlive()).as("after case %d: %s", i, driver.output()).isTrue();
      }
      reachAll(driver, requests);
      assertThat(wrong).as("seed %d", SEED).isEmpty();
      assertThat(successes)
          .as("RPCs that ever succeeded, seed %d", SEED)
          .containsAll(rpcs.stream().map(MethodDescriptor::getName).toList());

      takeAllAway(driver);
      assertThat(driver.left()).as("seed %d", SEED).isEmpty();
      assertThat(driver.client().capacity()).isEqualTo(2 * ContainedDriver.LIMIT_BYTES);
      liveOnce(driver);
      assertThat(driver.left()).isEmpty();
      assertThat(driver.writtenOutside()).as("seed %d", SEED).isEqualTo(writtenBefore);
      assertThat(decoys.state()).as("seed %d", SEED).isEqualTo(before);
      System.out.printf(
          "fuzz: %d cases, %d RPCs, seed %d, codes: %s%n", CASES, rpcs.size(), SEED, codes);
    }
  }

  /** Makes the first of the calls of a usual life. */
  private void bringToLife(
      ContainedDriver driver, int number, Requests requests, Subject subject, int calls) {
    for (String name : LIFE.subList(0, calls)) {
      MethodDescriptor rpc =
          rpcs.stream().filter(one -> one.getName().equals(name)).findFirst().orElseThrow();
      var _ = call(driver, number, rpc, requests.next(rpc.getInputType(), subject, 0));
    }
  }

  /** Lets those RPCs succeed that no random request was right for. */
  private void reachAll(ContainedDriver driver, Requests requests) {
    for (MethodDescriptor rpc : rpcs) {
      for (int i = 0; i < ATTEMPTS && !successes.contains(rpc.getName()); i++) {
        Subject subject = Subject.any(random);
        bringToLife(driver, CASES, requests, subject, LIFE.size());
        var _ = call(driver, CASES, rpc, requests.next(rpc.getInputType(), subject, 0));
      }
    }
  }

  /** What it was answered with. */
  private Code call(
      ContainedDriver driver, int number, MethodDescriptor rpc, DynamicMessage request) {
    Code code = Code.OK;
    try {
      Iterator<DynamicMessage> answers =
          ClientCalls.blockingServerStreamingCall(
              driver.channel(),
              method(rpc),
              CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.MINUTES),
              request);
      for (int i = 0; i < MESSAGES && answers.hasNext(); i++) {
        note(rpc, request, answers.next());
      }
      successes.add(rpc.getName());
    } catch (StatusRuntimeException e) {
      code = e.getStatus().getCode();
      if (!MEANINGFUL.contains(code) && !(code == Code.ABORTED && hasToken(request))) {
        wrong.add(
            "case %d, %s: %s%n%s"
                .formatted(
                    number,
                    rpc.getFullName(),
                    cut(e.getStatus()),
                    cut(TextFormat.printer().printToString(request))));
      }
    }
    return code;
  }

  private static String cut(Object text) {
    String whole = text.toString();
    return whole.length() > 2000 ? whole.substring(0, 2000) + "…" : whole;
  }

  /** CSI: a token that is none of the driver's is ABORTED. */
  private static boolean hasToken(Message request) {
    return request.getAllFields().keySet().stream()
        .map(FieldDescriptor::getName)
        .anyMatch("starting_token"::equals);
  }

  private static io.grpc.MethodDescriptor<DynamicMessage, DynamicMessage> method(
      MethodDescriptor rpc) {
    return io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
        .setType(rpc.isServerStreaming() ? MethodType.SERVER_STREAMING : MethodType.UNARY)
        .setFullMethodName(rpc.getService().getFullName() + "/" + rpc.getName())
        .setRequestMarshaller(
            ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(rpc.getInputType())))
        .setResponseMarshaller(
            ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(rpc.getOutputType())))
        .build();
  }

  /** What there is to take away in the end, and no list tells of. */
  private void note(MethodDescriptor rpc, DynamicMessage request, DynamicMessage answer) {
    switch (rpc.getName()) {
      case "NodeStageVolume" ->
          staged.add(new Use(text(request, "volume_id"), text(request, "staging_target_path")));
      case "NodePublishVolume" ->
          published.add(new Use(text(request, "volume_id"), text(request, "target_path")));
      case "CreateVolumeGroupSnapshot" ->
          groups.add(text((Message) field(answer, "group_snapshot"), "group_snapshot_id"));
      default -> {}
    }
  }

  private static String text(Message message, String field) {
    return (String) field(message, field);
  }

  private static Object field(Message message, String field) {
    return message.getField(message.getDescriptorForType().findFieldByName(field));
  }

  private void takeAllAway(ContainedDriver driver) {
    CsiClient client = driver.client();
    published.forEach(use -> client.unpublish(use.volume(), Path.of(use.path())));
    staged.forEach(use -> client.unstage(use.volume(), Path.of(use.path())));
    for (String group : groups) {
      var _ =
          GroupControllerGrpc.newBlockingStub(driver.channel())
              .deleteVolumeGroupSnapshot(
                  DeleteVolumeGroupSnapshotRequest.newBuilder().setGroupSnapshotId(group).build());
    }
    client.snapshots().forEach(client::deleteSnapshot);
    for (String volume : client.volumes()) {
      client.detach(volume);
      client.delete(volume);
    }
  }

  /** A life as any other, after all that. */
  private static void liveOnce(ContainedDriver driver) throws IOException {
    CsiClient client = driver.client();
    Subject subject = Subject.ALL.getFirst();
    VolumeCapability capability = CsiClient.capability(subject.fsType(), subject.mode());
    Path staging = subject.staging(driver.targets());
    Path target = subject.target(driver.targets(), 0);
    client.create("life", subject.bytes(), capability);
    client.attach("life", capability, false);
    client.stage("life", staging, capability);
    client.publish("life", staging, target, capability, false);
    Path file = driver.seen(target).resolve("file");
    Files.writeString(file, "content");
    assertThat(file).hasContent("content");
    client.unpublish("life", target);
    client.unstage("life", staging);
    client.detach("life");
    client.delete("life");
  }

  /** Files that are not the program's affair, where requests may lead it to. */
  private static final class Decoys {
    private final ContainedDriver driver;

    Decoys(ContainedDriver driver) throws IOException {
      this.driver = driver;
      for (Path place : List.of(elsewhere(), driver.targets())) {
        Files.createDirectories(place.resolve("full"));
        Files.writeString(place.resolve("full/file"), "decoy");
        Files.writeString(place.resolve("file"), "decoy");
        Files.createDirectory(place.resolve("empty"));
        Files.createFile(place.resolve("empty-file"));
      }
      Files.createSymbolicLink(driver.targets().resolve("link"), elsewhere());
      Files.createSymbolicLink(
          driver.targets().resolve("link-to-file"), elsewhere().resolve("file"));
      Files.createSymbolicLink(driver.targets().resolve("dangling"), elsewhere().resolve("none"));
    }

    private Path elsewhere() {
      return driver.work().resolve("elsewhere");
    }

    /** Where wild requests go. */
    List<Path> paths() {
      List<Path> paths = new ArrayList<>();
      for (Path place : List.of(elsewhere(), driver.targets())) {
        paths.add(place);
        for (String name : List.of("full", "file", "empty-file", "file/below")) {
          paths.add(place.resolve(name));
        }
      }
      paths.add(driver.targets().resolve("link"));
      paths.add(driver.targets().resolve("link-to-file"));
      paths.add(driver.targets().resolve("dangling"));
      paths.add(driver.targets().resolve("staging-0"));
      paths.add(driver.targets().resolve("target-1-0"));
      paths.add(driver.work().resolve("state"));
      paths.add(driver.work().resolve("filesystem/pool/volumes/volume-0"));
      return paths;
    }

    /**
     * What they are, to the nanosecond. Of the targets' directory only what has content or leads
     * away: anything empty in it is for volumes to be shown at, and goes with them.
     */
    Map<Path, String> state() throws IOException {
      Map<Path, String> state = new TreeMap<>();
      for (Path place : Stream.concat(Stream.of(elsewhere()), inTargets()).toList()) {
        try (Stream<Path> files = Files.walk(place)) {
          for (Path file : files.toList()) {
            state.put(file, describe(file));
          }
        }
      }
      return state;
    }

    private Stream<Path> inTargets() {
      return Stream.of("full/file", "file", "link", "link-to-file", "dangling")
          .map(driver.targets()::resolve);
    }

    private static String describe(Path file) throws IOException {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return "gone";
      }
      Map<String, Object> attributes =
          Files.readAttributes(
              file, "unix:mode,uid,gid,size,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
      return new TreeMap<>(attributes)
          + (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? Files.readString(file) : "");
    }
  }
}
