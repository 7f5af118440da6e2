package dev.rockpool.storage;

import dev.rockpool.storage.host.ExecHost;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The main class of a process that has a pool open as another node. It does what it is told on its
 * standard input, a line of words with tabs between them at a time, and answers with a line each.
 */
public final class OtherProcess {
  private final Map<String, AutoCloseable> held = new HashMap<>();
  private Optional<Pools> pools = Optional.empty();

  private OtherProcess() {}

  /** Ends with its input: no process outlives its test. */
  public static void main(String[] arguments) throws Exception {
    OtherProcess process = new OtherProcess();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    System.out.println("ready");
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String answer;
      try {
        answer = process.answer(List.of(line.split("\t", -1)));
      } catch (StorageException e) {
        answer = e.reason() + " " + e.getMessage();
      }
      System.out.println(answer);
    }
  }

  private String answer(List<String> words) throws Exception {
    String word = words.get(1);
    return switch (words.getFirst()) {
      case "open" -> {
        PoolSpec spec = new PoolSpec(PoolFixture.POOL, Path.of(word), Long.MAX_VALUE, 1);
        Pools opened = Pools.open(List.of(spec), NodeId.parse(words.get(2)), 0);
        pools.ifPresent(Pools::close);
        pools = Optional.of(opened);
        yield "ok";
      }
      case "create" -> volumes().create(Asked.filesystem(word, FsType.EXT4).build()).toString();
      case "createUntilMade" -> createUntilMade(volumes(), word).toString();
      case "churn" -> {
        churn(volumes(), word, 100);
        yield "ok";
      }
      case "attach" -> volumes().attach(VolumeId.parse(word), attachment(words)).toString();
      case "detach" -> {
        volumes().detach(VolumeId.parse(word), Optional.empty());
        yield "ok";
      }
      case "delete" -> {
        volumes().delete(VolumeId.parse(word));
        yield "ok";
      }
      case "find" -> volumes().find(VolumeId.parse(word)).toString();
      case "use" -> hold(word, use(VolumeId.parse(word), Access.valueOf(words.get(2))));
      case "lock" -> hold(word, FileLocks.tryLock(Path.of(word), words.get(2).equals("shared")));
      case "check" -> check(Path.of(word), Duration.ofMillis(Long.parseLong(words.get(2))));
      case "drop" -> {
        Objects.requireNonNull(held.remove(word), word).close();
        yield "ok";
      }
      case "contend" ->
          ""
              + contend(
                  volumes(), VolumeId.parse(word), attachment(words), Path.of(words.get(5)), 200);
      default -> throw new IllegalArgumentException(words.toString());
    };
  }

  private Volumes volumes() {
    return new PoolVolumes(
        () -> pools.orElseThrow(), new ExecHost((program, succeeded, took) -> {}));
  }

  private static Attachment attachment(List<String> words) {
    return new Attachment(
        NodeId.parse(words.get(2)), AccessMode.valueOf(words.get(3)), Access.valueOf(words.get(4)));
  }

  private Optional<Pool.UseLock> use(VolumeId id, Access access) {
    Pool pool = pools.orElseThrow().all().getFirst();
    return pool.use(pool.find(id).orElseThrow(), access);
  }

  /** The ids of what is found in the pool, which this process does not open. */
  private static String check(Path directory, Duration pause) {
    PoolSpec spec = new PoolSpec(PoolFixture.POOL, directory, Long.MAX_VALUE, 1);
    PoolCheck check =
        new PoolCheck(List.of(spec), new ExecHost((program, succeeded, took) -> {}), pause);
    return check.check(spec).left().stream().map(left -> left.finding().id()).toList().toString();
  }

  private String hold(String name, Optional<? extends AutoCloseable> lock) {
    lock.ifPresent(present -> held.put(name, present));
    return lock.isPresent() ? "yes" : "no";
  }

  /** Asks for the volume until nobody else is busy with it. */
  static Volume createUntilMade(Volumes volumes, String name) {
    while (true) {
      try {
        return volumes.create(Asked.filesystem(name, FsType.EXT4).build());
      } catch (StorageException e) {
        if (e.reason() != StorageException.Reason.BUSY) {
          throw e;
        }
      }
    }
  }

  /** Creates and deletes the volume over and over, as far as others let it. */
  static void churn(Volumes volumes, String name, int times) {
    for (int i = 0; i < times; i++) {
      try {
        Volume made = volumes.create(Asked.block(name).build());
        volumes.delete(made.id());
      } catch (StorageException e) {
        boolean others =
            e.reason() == StorageException.Reason.BUSY
                || e.reason() == StorageException.Reason.PRECONDITION;
        if (!others) {
          throw e;
        }
      }
    }
  }

  /**
   * Attaches and detaches the volume over and over; while it is attached nobody else may have it.
   *
   * @param marker a file that exists only while somebody has the volume
   * @return how often it was attached
   */
  static int contend(Volumes volumes, VolumeId id, Attachment asked, Path marker, int times)
      throws IOException {
    int granted = 0;
    for (int i = 0; i < times; i++) {
      try {
        volumes.attach(id, asked);
      } catch (StorageException e) {
        if (e.reason() != StorageException.Reason.PRECONDITION) {
          throw e;
        }
        continue;
      }
      Files.createFile(marker);
      granted++;
      Files.delete(marker);
      volumes.detach(id, Optional.of(asked.node()));
    }
    return granted;
  }
}
