package dev.rockpool.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.ProbeRequest;
import dev.rockpool.proto.csi.ProbeResponse;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.StorageException.Reason;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a caller gets, through a channel, for whatever may happen in a call. */
final class AnswersTest {
  private static final Callable<ProbeResponse> NOTHING = ProbeResponse::getDefaultInstance;
  private static final Map<Reason, Status.Code> CODES =
      new EnumMap<>(
          Map.of(
              Reason.INVALID, Status.Code.INVALID_ARGUMENT,
              Reason.NOT_FOUND, Status.Code.NOT_FOUND,
              Reason.ALREADY_EXISTS, Status.Code.ALREADY_EXISTS,
              Reason.PRECONDITION, Status.Code.FAILED_PRECONDITION,
              Reason.EXHAUSTED, Status.Code.RESOURCE_EXHAUSTED,
              Reason.OUT_OF_RANGE, Status.Code.OUT_OF_RANGE,
              Reason.BUSY, Status.Code.ABORTED,
              Reason.UNAVAILABLE, Status.Code.UNAVAILABLE,
              Reason.FAILED, Status.Code.INTERNAL));

  private volatile Callable<ProbeResponse> work = NOTHING;
  private Server server;
  private ManagedChannel channel;

  /** Answers Probe with whatever the test wants done. */
  private final class Working extends IdentityGrpc.IdentityImplBase {
    @Override
    public void probe(ProbeRequest request, StreamObserver<ProbeResponse> reply) {
      Answers.answer(reply, work);
    }
  }

  @BeforeEach
  void connect() throws IOException {
    String name = InProcessServerBuilder.generateName();
    server = InProcessServerBuilder.forName(name).addService(new Working()).build().start();
    channel = InProcessChannelBuilder.forName(name).build();
  }

  @AfterEach
  void disconnect() throws InterruptedException {
    channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
  }

  @Test
  void aResultIsTheAnswer() throws Exception {
    assertThat(call(() -> ProbeResponse.newBuilder().build()))
        .isEqualTo(ProbeResponse.getDefaultInstance());
  }

  @ParameterizedTest
  @EnumSource(Reason.class)
  void everyReasonHasItsCode(Reason reason) {
    StatusRuntimeException answer =
        failure(() -> {
          throw new StorageException(reason, "volume \"a\": so it is");
        });

    assertThat(CODES).as("codes of all reasons").containsOnlyKeys(Reason.values());
    assertThat(answer.getStatus().getCode()).isEqualTo(CODES.get(reason));
    assertThat(answer.getStatus().getDescription()).isEqualTo("volume \"a\": so it is");
    assertThat(details(answer)).isEmpty();
  }

  @Test
  void aStatusThatTheWorkChoseIsPassedOn() {
    StatusRuntimeException answer =
        failure(() -> {
          throw Status.ABORTED.withDescription("starting_token").asRuntimeException();
        });

    assertThat(answer.getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
    assertThat(answer.getStatus().getDescription()).isEqualTo("starting_token");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "%", "\u00e4", "\u6f22", "\ud834\udd1e"})
  void aMessageIsAsLongAsCallersTake(String text) {
    String message =
        failure(
                () -> {
                  throw StorageException.invalid("volume_id " + text.repeat(10_000));
                })
            .getStatus()
            .getDescription();

    assertThat(message).startsWith("volume_id " + text.repeat(300)).endsWith(text + "…");
    assertThat(URLEncoder.encode(message, StandardCharsets.UTF_8)).hasSizeBetween(4000, 4200);
  }

  static Stream<Throwable> defects() {
    return Stream.of(
        new IllegalStateException("unthinkable"),
        new NullPointerException(),
        new IOException("of a file"),
        new UncheckedIOException(new IOException("of another file")),
        new InterruptedException("by nobody"),
        new StackOverflowError(),
        new NoClassDefFoundError("dev/rockpool/Missing"),
        new AssertionError("never"));
  }

  @ParameterizedTest
  @MethodSource("defects")
  void whatNobodyThoughtOfIsInternalAndNeverUnknown(Throwable defect) {
    StatusRuntimeException answer =
        failure(() -> {
          switch (defect) {
            case Exception exception -> throw exception;
            case Error error -> throw error;
            default -> throw new IllegalArgumentException(defect);
          }
        });

    assertThat(answer.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(answer.getStatus().getDescription()).contains(defect.getClass().getSimpleName());
    assertThat(details(answer)).isEmpty();
  }

  @Test
  void aCallerThatHasGoneDoesNotStopTheWork() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    work =
        () -> {
          begun.countDown();
          assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
          done.countDown();
          return ProbeResponse.getDefaultInstance();
        };
    Context.CancellableContext caller = Context.current().withCancellation();
    FutureTask<StatusRuntimeException> call =
        new FutureTask<>(
            caller.wrap(() -> catchThrowableOfType(StatusRuntimeException.class, this::probe)));
    Thread.startVirtualThread(call);
    assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
    caller.cancel(null);
    assertThat(call.get().getStatus().getCode()).isEqualTo(Status.Code.CANCELLED);
    gone.countDown();

    assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(call(NOTHING)).as("the next call").isNotNull();
  }

  private ProbeResponse probe() {
    return IdentityGrpc.newBlockingStub(channel).probe(ProbeRequest.getDefaultInstance());
  }

  private ProbeResponse call(Callable<ProbeResponse> wanted) {
    work = wanted;
    return probe();
  }

  private StatusRuntimeException failure(Callable<ProbeResponse> wanted) {
    StatusRuntimeException thrown =
        catchThrowableOfType(StatusRuntimeException.class, () -> call(wanted));
    assertThat(thrown).as("an answer that is an error").isNotNull();
    return thrown;
  }

  /** CSI: status.details must be empty. */
  private static String details(StatusRuntimeException answer) {
    Metadata trailers = answer.getTrailers();
    return trailers == null ? "" : String.join(",", trailers.keys());
  }
}
