package dev.rockpool.storage.host;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.commons.exec.CommandLine;
import org.apache.commons.exec.DefaultExecutor;
import org.apache.commons.exec.ExecuteException;
import org.apache.commons.exec.ExecuteResultHandler;
import org.apache.commons.exec.Executor;
import org.apache.commons.exec.PumpStreamHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs host commands as child processes, the only place that does, and makes system calls. */
public final class ExecHost implements Host {
  private static final Logger log = LoggerFactory.getLogger(ExecHost.class);
  private static final int OUTPUT_BYTES = 1 << 20;
  private static final int STDERR_BYTES = 4 << 10;
  private static final Duration KILL_GRACE = Duration.ofSeconds(2);
  private static final Duration OPEN_PIPE_GRACE = Duration.ofSeconds(1);
  private static final List<String> PATH =
      List.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin");
  private static final Map<String, String> ENVIRONMENT =
      Map.of("LC_ALL", "C", "PATH", String.join(":", PATH));

  private final Observer observer;

  /** Told of every command and system call that has ended, for metrics. */
  public interface Observer {
    void ended(String program, boolean succeeded, Duration took);
  }

  public ExecHost(Observer observer) {
    this.observer = observer;
  }

  @Override
  public String run(Command command) {
    return observed(command.program(), command, () -> execute(command));
  }

  @Override
  public void call(SystemCall call) {
    observed(
        call.name(),
        call,
        () -> {
          call.make();
          return "";
        });
  }

  private String observed(String name, Object what, Supplier<String> work) {
    long begin = System.nanoTime();
    boolean succeeded = false;
    try {
      String output = work.get();
      succeeded = true;
      return output;
    } finally {
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      observer.ended(name, succeeded, took);
      log.debug("{}: {} ms{}", what, took.toMillis(), succeeded ? "" : ", failed");
    }
  }

  private static String execute(Command command) {
    CommandLine line = new CommandLine(resolve(command.program()));
    command.arguments().stream()
        .skip(1)
        .forEach(argument -> line.addArgument(argument.text(), false));
    Bounded out = new Bounded(OUTPUT_BYTES);
    Bounded err = new Bounded(STDERR_BYTES);
    PumpStreamHandler streams = new PatientStreams(out, err);
    RememberingExecutor executor = new RememberingExecutor(streams, command.directory());
    Result result = new Result();
    boolean killed = false;
    boolean ended = true;
    try {
      executor.execute(line, ENVIRONMENT, result);
      killed = !result.within(command.limit());
      if (killed) {
        executor.kill();
        ended = result.within(KILL_GRACE.plus(KILL_GRACE));
      }
    } catch (IOException e) {
      String message = redact(String.valueOf(e.getMessage()), command);
      throw new CommandException(command.program() + " could not be run: " + message, message);
    } catch (InterruptedException e) {
      executor.kill();
      Thread.currentThread().interrupt();
      throw new CommandException(command + " was interrupted", "");
    }
    String stderr = redact(err.text().strip(), command);
    if (err.full()) {
      stderr = withoutCutFlag(stderr, command);
    }
    if (killed) {
      String how = "did not end within " + command.limit().toSeconds() + " s and was killed";
      if (!ended) {
        // In uninterruptible sleep it ends when the kernel lets go of it; nobody waits for that.
        throw new PendingException(message(command, how + ", but has not ended yet", stderr));
      }
      throw failure(command, how, stderr);
    }
    ExecuteException failure = result.failure;
    if (failure == null) {
      return out.text();
    }
    if (failure.getExitValue() == Executor.INVALID_EXITVALUE) {
      Throwable cause = failure.getCause() == null ? failure : failure.getCause();
      throw failure(
          command, "could not be run", redact(String.valueOf(cause.getMessage()), command));
    }
    throw new CommandException(
        message(command, "failed with exit code " + failure.getExitValue(), stderr),
        failure.getExitValue(),
        stderr);
  }

  /**
   * Where the program is. Left to itself, Java would look for it in the PATH that this process was
   * started with: not what the command gets, and of any length.
   */
  private static String resolve(String program) {
    if (program.indexOf('/') >= 0) {
      return program;
    }
    return PATH.stream()
        .map(directory -> Path.of(directory, program))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Path::toString)
        .orElse(program);
  }

  private static CommandException failure(Command command, String how, String stderr) {
    return new CommandException(message(command, how, stderr), stderr);
  }

  private static String message(Command command, String how, String stderr) {
    return command + " " + how + (stderr.isEmpty() ? "" : ": " + stderr);
  }

  private static String redact(String text, Command command) {
    String clean = text;
    for (String flag : hiddenFlags(command)) {
      clean = clean.replace(flag, "***");
    }
    return clean;
  }

  /** Where the text was cut, the beginning of a hidden flag may be left over. */
  private static String withoutCutFlag(String text, Command command) {
    String clean = text.replaceAll("\uFFFD+$", "");
    int shortest = clean.length();
    for (String flag : hiddenFlags(command)) {
      for (int length = 1; length < flag.length(); length++) {
        if (clean.endsWith(flag.substring(0, length))) {
          shortest = Math.min(shortest, clean.length() - length);
        }
      }
    }
    return clean.substring(0, shortest);
  }

  private static List<String> hiddenFlags(Command command) {
    return command.arguments().stream()
        .filter(Command.Argument::hidden)
        .flatMap(argument -> Stream.of(argument.text().split(",", -1)))
        .filter(flag -> !flag.isEmpty())
        .toList();
  }

  /** How the command ended; the library's own handler looks for it every 50 ms only. */
  private static final class Result implements ExecuteResultHandler {
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile @Nullable ExecuteException failure;

    @Override
    public void onProcessComplete(int exitValue) {
      end.countDown();
    }

    @Override
    public void onProcessFailed(ExecuteException e) {
      failure = e;
      end.countDown();
    }

    boolean within(Duration limit) throws InterruptedException {
      return end.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /**
   * A grandchild may keep the pipes open after the command has ended: what has come by then is all
   * that is waited for, and the command has not failed for that.
   */
  private static final class PatientStreams extends PumpStreamHandler {
    private final List<Thread> pumps = new ArrayList<>();

    PatientStreams(OutputStream out, OutputStream err) {
      super(out, err);
    }

    @Override
    protected Thread createPump(InputStream from, OutputStream to, boolean closeWhenExhausted) {
      Thread pump = super.createPump(from, to, closeWhenExhausted);
      pumps.add(pump);
      return pump;
    }

    @Override
    public void stop() {
      try {
        for (Thread pump : pumps) {
          pump.join(OPEN_PIPE_GRACE);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Knows its process, and ends it for good: the library's watchdog only asks it to end, and waits
   * for as long as that takes.
   */
  private static final class RememberingExecutor extends DefaultExecutor {
    private final AtomicReference<@Nullable Process> process = new AtomicReference<>();

    @SuppressWarnings("deprecation") // its builder can't build a subclass
    RememberingExecutor(PumpStreamHandler streams, Path directory) {
      setStreamHandler(streams);
      setWorkingDirectory(directory.toFile());
    }

    @Override
    protected Thread createThread(Runnable runnable, String name) {
      return Thread.ofVirtual().name(name).unstarted(runnable);
    }

    @Override
    protected Process launch(CommandLine command, Map<String, String> environment, Path directory)
        throws IOException {
      Process started = super.launch(command, environment, directory);
      process.set(started);
      return started;
    }

    void kill() {
      Process running = process.get();
      if (running != null) {
        // mount runs mount.TYPE, mkfs runs mkfs.TYPE: the part that hangs may be the child.
        running.descendants().forEach(ProcessHandle::destroyForcibly);
        running.destroyForcibly();
      }
    }
  }

  /** Keeps the first bytes, and drops the rest without blocking its writer. */
  private static final class Bounded extends OutputStream {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final int limit;

    Bounded(int limit) {
      this.limit = limit;
    }

    @Override
    public synchronized void write(int b) {
      if (kept.size() < limit) {
        kept.write(b);
      }
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      kept.write(bytes, offset, Math.min(length, limit - kept.size()));
    }

    synchronized boolean full() {
      return kept.size() == limit;
    }

    synchronized String text() {
      return kept.toString(StandardCharsets.UTF_8);
    }
  }
}
