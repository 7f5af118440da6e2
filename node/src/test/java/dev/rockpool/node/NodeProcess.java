package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.Capability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.CopyRate;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.PoolVolumes;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeLocks;
import dev.rockpool.storage.Volumes;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.SystemCall;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A node in a process of its own, for what only other processes show: their locks, and what is left
 * when they are killed. It takes one call on a line, and answers with {@code OK} or the reason why
 * not. Its pool must be a shared one, and be there.
 */
final class NodeProcess implements AutoCloseable {
  private static final String OK = "OK";
  private static final String SEPARATOR = "|";

  private final Path directory;
  private final Process process;
  private final BufferedReader answers;
  private final PrintWriter calls;

  private NodeProcess(Path directory, Process process) {
    this.directory = directory;
    this.process = process;
    this.answers = process.inputReader(StandardCharsets.UTF_8);
    this.calls = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
  }

  static NodeProcess start(Machine machine, String node) {
    return start(machine, node, "");
  }

  /**
   * @param ioCgroup of the users of its volumes; empty = they have none
   */
  static NodeProcess start(Machine machine, String node, String ioCgroup) {
    Path directory = machine.node(node);
    try {
      Process process =
          NodeJvm.start(
              node,
              machine.pool().toString(),
              machine.root().toString(),
              directory.toString(),
              ioCgroup);
      NodeProcess started = new NodeProcess(directory, process);
      assertThat(started.answer()).isEqualTo(OK);
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path stagingPath(String volume) {
    return directory.resolve("staging").resolve(volume);
  }

  Path target(String name) {
    return directory.resolve("pods").resolve(name).resolve("mount");
  }

  Path state() {
    return directory.resolve("state");
  }

  void stage(String volume, Kind kind, Mode mode) {
    assertThat(tryStage(volume, kind, mode)).isEqualTo(OK);
  }

  /** What the node answers. */
  String tryStage(String volume, Kind kind, Mode mode) {
    return call("stage", volume, directory(stagingPath(volume)), kind, mode);
  }

  Path publish(String volume, String target, Kind kind, Mode mode, boolean readonly) {
    assertThat(tryPublish(volume, target, kind, mode, readonly)).isEqualTo(OK);
    return target(target);
  }

  String tryPublish(String volume, String target, Kind kind, Mode mode, boolean readonly) {
    directory(target(target).resolveSibling("."));
    return call("publish", volume, stagingPath(volume), target(target), kind, mode, readonly);
  }

  void unpublish(String volume, String target) {
    assertThat(tryUnpublish(volume, target)).isEqualTo(OK);
  }

  String tryUnpublish(String volume, String target) {
    return call("unpublish", volume, target(target));
  }

  String tryPublishEphemeral(String name, String target, Kind kind, Mode mode) {
    directory(target(target).resolveSibling("."));
    return call("publish-ephemeral", name, target(target), kind, mode, kind.bytes());
  }

  String tryUnpublishEphemeral(String name, String target) {
    return call("unpublish-ephemeral", name, target(target));
  }

  void unstage(String volume) {
    assertThat(tryUnstage(volume)).isEqualTo(OK);
  }

  String tryUnstage(String volume) {
    return call("unstage", volume, stagingPath(volume));
  }

  /** Lets the process be killed just before the command or system call after so many more. */
  void dieBeforeCommand(int number) {
    assertThat(call("die", number, "before")).isEqualTo(OK);
  }

  /** Lets the process be killed just after the command or system call after so many more. */
  void dieAfterCommand(int number) {
    assertThat(call("die", number, "after")).isEqualTo(OK);
  }

  private static Path directory(Path path) {
    try {
      return Files.createDirectories(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String call(Object... words) {
    calls.println(String.join(SEPARATOR, List.of(words).stream().map(Object::toString).toList()));
    return answer();
  }

  /** Empty if the process died. */
  private String answer() {
    try {
      String line = answers.readLine();
      if (line == null) {
        process.waitFor();
        return "";
      }
      return line;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Kills it; whatever it had staged stays, but for its locks. */
  @Override
  public void close() {
    try {
      process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs commands and makes system calls until it is told to die. */
  private static final class MortalHost implements Host {
    private int commandsLeft = Integer.MAX_VALUE;
    private boolean before;

    void die(int commands, boolean beforeNext) {
      commandsLeft = commands;
      before = beforeNext;
    }

    @Override
    public String run(Command command) {
      return mortally(() -> TestNode.HOST.run(command));
    }

    @Override
    public void call(SystemCall call) {
      mortally(() -> {
        TestNode.HOST.call(call);
        return "";
      });
    }

    private String mortally(Supplier<String> work) {
      boolean last = commandsLeft-- == 0;
      if (last && before) {
        Runtime.getRuntime().halt(137);
      }
      String output = work.get();
      if (last) {
        Runtime.getRuntime().halt(137);
      }
      return output;
    }
  }

  /**
   * The node: its id, its pool, the root of its targets, its own directory, and the cgroup of its
   * users.
   */
  public static void main(String[] arguments) throws IOException {
    NodeId id = NodeId.parse(arguments[0]);
    Pools pools = Pools.open(List.of(PoolSpec.parse("default=" + arguments[1])), id, 0);
    MortalHost host = new MortalHost();
    VolumeLocks locks = new VolumeLocks();
    NodeVolumes volumes =
        new NodeVolumes(
            () -> pools,
            new NodeConfig(
                id,
                0,
                new TargetPaths(List.of(Path.of(arguments[2]))),
                Path.of(arguments[3], "state"),
                IoCgroups.find(
                    Optional.of(arguments[4]).filter(path -> !path.isEmpty()).map(Path::of))),
            locks,
            host);
    PoolVolumes pool =
        new PoolVolumes(
            () -> pools,
            host,
            locks,
            new CopyRate(CopyRate.DEFAULT_BYTES_PER_SECOND),
            volumes::limited);
    EphemeralVolumes ephemeral =
        new EphemeralVolumes(volumes, mortal(pool, host), Path.of(arguments[3], "state"));
    volumes.recover();
    ephemeral.recover();
    answer(OK);
    BufferedReader calls =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = calls.readLine(); line != null; line = calls.readLine()) {
      String[] words = line.split("\\|", -1);
      try {
        if (words[0].equals("die")) {
          host.die(Integer.parseInt(words[1]), words[2].equals("before"));
        } else {
          call(volumes, ephemeral, words);
        }
        answer(OK);
      } catch (StorageException e) {
        answer(e.reason() + " " + e.getMessage());
      }
    }
  }

  /** The volumes, of which each call counts as a command, too. */
  private static Volumes mortal(Volumes volumes, MortalHost host) {
    return (Volumes)
        Proxy.newProxyInstance(
            NodeProcess.class.getClassLoader(),
            new Class<?>[] {Volumes.class},
            (_, method, arguments) -> {
              Object[] result = new Object[1];
              host.mortally(() -> {
                try {
                  result[0] = method.invoke(volumes, arguments);
                  return "";
                } catch (InvocationTargetException e) {
                  throw (RuntimeException) e.getCause();
                } catch (IllegalAccessException e) {
                  throw new IllegalStateException(e);
                }
              });
              return result[0];
            });
  }

  @SuppressWarnings("SystemOut") // its answers are the parent's input
  private static void answer(String line) {
    System.out.println(line);
  }

  private static void call(NodeVolumes volumes, EphemeralVolumes ephemeral, String[] words) {
    VolumeId volume = ephemeral.idOrParse(words[1]);
    switch (words[0]) {
      case "publish-ephemeral" ->
          ephemeral.publish(
              words[1], Map.of("size", words[5]), words[2], capability(words[3], words[4]), false);
      case "unpublish-ephemeral" -> ephemeral.unpublish(words[1], words[2]);
      case "stage" -> volumes.stage(volume, words[2], capability(words[3], words[4]));
      case "unstage" -> volumes.unstage(volume, words[2]);
      case "publish" ->
          volumes.publish(
              volume,
              words[2],
              words[3],
              capability(words[4], words[5]),
              Boolean.parseBoolean(words[6]));
      case "unpublish" -> volumes.unpublish(volume, words[2]);
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  private static Capability capability(String kind, String mode) {
    Kind is = Kind.valueOf(kind);
    return new Capability(is.block(), is.fsType(), AccessMode.valueOf(mode), List.of());
  }
}
