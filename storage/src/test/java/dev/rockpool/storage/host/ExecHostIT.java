package dev.rockpool.storage.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.rockpool.storage.StorageException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
final class ExecHostIT {
  private static final Duration SOON = Duration.ofMillis(300);

  private record Ended(String program, boolean succeeded, Duration took) {}

  private final List<Ended> observed = new CopyOnWriteArrayList<>();
  private final Host host =
      new ExecHost((program, succeeded, took) -> observed.add(new Ended(program, succeeded, took)));

  @Test
  void givesBackWhatTheCommandWrites() {
    assertThat(host.run(Command.of("printf", "%s|", "a b", "$HOME", "'", "\"", "*", "")))
        .isEqualTo("a b|$HOME|'|\"|*||");
    assertThat(host.run(Command.of("sh", "-c", "echo out; echo err >&2"))).isEqualTo("out\n");
  }

  @Test
  void aFailureHasTheCommandItsExitCodeAndItsStderr() {
    CommandException failure = failure(Command.of("sh", "-c", "echo out; echo why >&2; exit 3"));
    assertThat(failure)
        .hasMessage("sh -c echo out; echo why >&2; exit 3 failed with exit code 3: why");
    assertThat(failure.stderr()).isEqualTo("why");
    assertThat(failure.reason()).isEqualTo(StorageException.Reason.FAILED);
    assertThat(failure.noSpace()).isFalse();
  }

  @Test
  void aCommandThatASignalEndsHasFailed() {
    assertThat(failure(shell("kill -KILL $$"))).hasMessageContaining("exit code 137");
  }

  @Test
  void aProgramThatIsNotThereIsNamed() {
    assertThat(failure(Command.of("rockpool-none", "a")))
        .hasMessageContaining("rockpool-none")
        .hasMessageContaining("could not be run")
        .hasMessageContaining("No such file or directory")
        .hasMessageNotContaining("-559038737");
  }

  @Test
  void aFullFilesystemIsToldFromOtherFailures() {
    assertThat(failure(shell("echo 'x: No space left on device' >&2; exit 1")).noSpace()).isTrue();
  }

  @Test
  void hiddenArgumentsAreInNoMessage() {
    CommandException failure =
        failure(
            Command.of("sh", "-c", "echo bad option \"$0\" and \"${0#*,}\" >&2; exit 1")
                .withHidden("user=me,password=hunter2"));
    assertThat(failure.getMessage())
        .doesNotContain("hunter2")
        .contains("*** failed")
        .contains("bad");
    assertThat(failure.stderr()).doesNotContain("hunter2");
  }

  @Test
  void aHiddenArgumentThatIsNoProgramIsInNoMessage() {
    assertThat(failure(Command.of("rockpool-none").withHidden("hunter2")).getMessage())
        .doesNotContain("hunter2");
  }

  @Test
  void aHiddenArgumentIsNotLeftOverWhereOutputIsCut() {
    for (int before : List.of(4089, 4090, 4095)) {
      CommandException failure =
          failure(
              Command.of("sh", "-c", "printf '%" + before + "s%s' x \"$0\" >&2; exit 1")
                  .withHidden("hunter2hunter2"));
      assertThat(failure.stderr()).doesNotContain("h");
      assertThat(failure.getMessage()).doesNotContain("hunter");
    }
  }

  @Test
  void aCommandAtItsLimitIsKilledWithAllThatItStarted() {
    // None of them heeds the polite signal; the innermost one holds the pipes open.
    String stubborn =
        "trap '' TERM; sh -c \"trap '' TERM; sleep 86399.25 & wait; sleep 1\" & wait; sleep 1";
    CommandException failure = failure(shell(stubborn).within(SOON));
    assertThat(failure)
        .hasMessageContaining("did not end within")
        .hasMessageContaining("was killed")
        .hasMessageNotContaining("not ended yet");
    assertThat(observed)
        .singleElement()
        .satisfies(ended -> {
          assertThat(ended.succeeded()).isFalse();
          assertThat(ended.took()).isLessThan(Duration.ofSeconds(4));
        });
    await().untilAsserted(() -> assertThat(running("86399.25")).isEmpty());
  }

  @Test
  void whatAKilledCommandSaidIsInTheMessage() {
    assertThat(failure(shell("echo stuck >&2; sleep 86399.5").within(SOON)))
        .hasMessageContaining("stuck");
    await().untilAsserted(() -> assertThat(running("86399.5")).isEmpty());
  }

  @Test
  void aCommandThatLeavesADaemonBehindHasSucceeded() {
    try {
      assertThat(host.run(shell("sleep 86399.75 & sleep 0.2; echo done"))).isEqualTo("done\n");
    } finally {
      running("86399.75").forEach(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void aCommandReadsNothing() {
    assertThat(host.run(Command.of("cat").within(Duration.ofSeconds(5)))).isEmpty();
  }

  @Test
  void outputIsBounded() {
    String output = host.run(shell("yes 0123456789abcde | head -c 5000000"));
    assertThat(output).hasSize(1 << 20).startsWith("0123456789abcde\n");
  }

  @Test
  void stderrIsBounded() {
    CommandException failure = failure(shell("yes | head -c 5000000 >&2; exit 1"));
    assertThat(failure.stderr().length()).isBetween(4000, 4096);
  }

  @Test
  void theEnvironmentIsOurs() {
    assertThat(host.run(Command.of("env")).lines())
        .containsExactlyInAnyOrder(
            "LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  }

  @Test
  void anInterruptedCallerLeavesNoProcess() throws Exception {
    Thread caller =
        Thread.ofPlatform()
            .start(() -> {
              assertThatThrownBy(() -> host.run(Command.of("sleep", "86399.875")))
                  .isInstanceOf(CommandException.class);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
              observed.add(new Ended("caller", true, Duration.ZERO));
            });
    await().until(() -> !running("86399.875").isEmpty());
    caller.interrupt();
    caller.join();
    assertThat(observed).extracting(Ended::program).contains("caller");
    await().untilAsserted(() -> assertThat(running("86399.875")).isEmpty());
  }

  @Test
  void theObserverIsToldOfEachCommand() {
    host.run(Command.of("true"));
    failure(Command.of("false"));
    assertThat(observed)
        .extracting(Ended::program, Ended::succeeded)
        .containsExactly(tuple("true", true), tuple("false", false));
  }

  /** Staging a volume is several commands: a pause in each of them would be most of its time. */
  @Test
  void aShortCommandIsNotWaitedForLongerThanItTakes() {
    IntStream.range(0, 20).forEach(i -> host.run(Command.of("true")));
    assertThat(observed).extracting(Ended::took).anyMatch(took -> took.toMillis() < 40);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mount -o *** /dev/x", "mount"})
  void aCommandIsShownWithoutWhatIsHidden(String shown) {
    Command command =
        shown.equals("mount")
            ? Command.of("mount")
            : Command.of("mount", "-o").withHidden("secret").with("/dev/x");
    assertThat(command).hasToString(shown);
  }

  private CommandException failure(Command command) {
    CommandException failure =
        catchThrowableOfType(CommandException.class, () -> host.run(command));
    assertThat(failure).isNotNull();
    return failure;
  }

  private static Command shell(String script) {
    return Command.of("sh", "-c", script);
  }

  /** Processes with this argument. */
  private static List<ProcessHandle> running(String argument) {
    return ProcessHandle.allProcesses()
        .filter(process ->
            process.info().arguments().map(List::of).orElse(List.of()).contains(argument))
        .toList();
  }
}
