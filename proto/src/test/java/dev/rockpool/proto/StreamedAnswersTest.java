package dev.rockpool.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.rockpool.proto.Answers.Messages;
import dev.rockpool.proto.csi.GetMetadataAllocatedRequest;
import dev.rockpool.proto.csi.GetMetadataAllocatedResponse;
import dev.rockpool.proto.csi.SnapshotMetadataGrpc;
import dev.rockpool.storage.StorageException;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a caller of a stream gets, through a channel, and when it is made. */
@Timeout(30)
final class StreamedAnswersTest {
  private final AtomicInteger made = new AtomicInteger();
  private volatile Callable<Messages<GetMetadataAllocatedResponse>> work = () -> upTo(0);
  private Server server;
  private ManagedChannel channel;

  /** Answers with the stream that the test wants. */
  private final class Working extends SnapshotMetadataGrpc.SnapshotMetadataImplBase {
    @Override
    public void getMetadataAllocated(
        GetMetadataAllocatedRequest request, StreamObserver<GetMetadataAllocatedResponse> reply) {
      Answers.stream(reply, work);
    }
  }

  @BeforeEach
  void connect() throws IOException {
    String name = InProcessServerBuilder.generateName();
    server =
        InProcessServerBuilder.forName(name)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .addService(new Working())
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(name).build();
  }

  @AfterEach
  void disconnect() throws InterruptedException {
    channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
  }

  /** Numbers from 1 on. */
  private Messages<GetMetadataAllocatedResponse> upTo(int last) {
    return () ->
        made.get() == last
            ? Optional.empty()
            : Optional.of(
                GetMetadataAllocatedResponse.newBuilder()
                    .setVolumeCapacityBytes(made.incrementAndGet())
                    .build());
  }

  private Iterator<GetMetadataAllocatedResponse> call() {
    return SnapshotMetadataGrpc.newBlockingStub(channel)
        .getMetadataAllocated(GetMetadataAllocatedRequest.getDefaultInstance());
  }

  private static List<Long> numbers(Iterator<GetMetadataAllocatedResponse> messages) {
    List<Long> numbers = new ArrayList<>();
    messages.forEachRemaining(message -> numbers.add(message.getVolumeCapacityBytes()));
    return numbers;
  }

  @Test
  void allMessagesComeInTheirOrder() {
    assertThat(numbers(call())).isEmpty();
    work = () -> upTo(1000);
    assertThat(numbers(call())).hasSize(1000).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void whatTheWorkRefusesIsTheAnswer() {
    work =
        () -> {
          throw StorageException.notFound("snapshot \"a\" does not exist");
        };
    assertThat(failure(call()))
        .isEqualTo(Status.Code.NOT_FOUND + ": snapshot \"a\" does not exist");
  }

  @Test
  void whatFailsOnTheWayEndsTheStreamWithItsCode() {
    work =
        () -> {
          Messages<GetMetadataAllocatedResponse> three = upTo(3);
          return () -> {
            if (made.get() == 3) {
              throw new StorageException(StorageException.Reason.UNAVAILABLE, "the pool has gone");
            }
            return three.next();
          };
        };
    Iterator<GetMetadataAllocatedResponse> messages = call();
    for (int i = 1; i <= 3; i++) {
      assertThat(messages.next().getVolumeCapacityBytes()).isEqualTo(i);
    }
    assertThat(failure(messages)).isEqualTo(Status.Code.UNAVAILABLE + ": the pool has gone");
  }

  @Test
  void aDefectIsInternalAndNeverUnknown() {
    work =
        () ->
            () -> {
              throw new AssertionError("never");
            };
    assertThat(failure(call())).startsWith("INTERNAL: a defect of the driver: ");
  }

  private static String failure(Iterator<GetMetadataAllocatedResponse> messages) {
    StatusRuntimeException thrown =
        catchThrowableOfType(StatusRuntimeException.class, messages::hasNext);
    assertThat(thrown).as("an end that is an error").isNotNull();
    Status status = thrown.getStatus();
    return status.getCode() + ": " + status.getDescription();
  }

  /** A caller that takes a message when the test says so. */
  private static final class Slow
      implements ClientResponseObserver<GetMetadataAllocatedRequest, GetMetadataAllocatedResponse> {
    final CompletableFuture<ClientCallStreamObserver<GetMetadataAllocatedRequest>> call =
        new CompletableFuture<>();
    final AtomicInteger received = new AtomicInteger();
    final CompletableFuture<Status> end = new CompletableFuture<>();

    @Override
    public void beforeStart(ClientCallStreamObserver<GetMetadataAllocatedRequest> request) {
      request.disableAutoRequestWithInitial(1);
      call.complete(request);
    }

    @Override
    public void onNext(GetMetadataAllocatedResponse message) {
      received.incrementAndGet();
    }

    @Override
    public void onError(Throwable failure) {
      end.complete(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }
  }

  private Slow callSlowly() {
    Slow caller = new Slow();
    SnapshotMetadataGrpc.newStub(channel)
        .getMetadataAllocated(GetMetadataAllocatedRequest.getDefaultInstance(), caller);
    return caller;
  }

  @Test
  void noMoreIsMadeThanTheCallerTakes() {
    work = () -> upTo(1000);
    Slow caller = callSlowly();
    for (int taken = 1; taken <= 20; taken++) {
      int expected = taken;
      await().untilAsserted(() -> assertThat(caller.received).hasValue(expected));
      assertThat(made.get()).as("made for a caller that took %s", taken).isLessThan(taken + 10);
      caller.call.join().request(1);
    }
    caller.call.join().request(1000);
    assertThat(caller.end.join().getCode()).isEqualTo(Status.Code.OK);
    assertThat(caller.received).hasValue(1000);
  }

  @Test
  void nothingMoreIsMadeForACallerThatHasGone() throws InterruptedException {
    work = () -> upTo(Integer.MAX_VALUE);
    Slow caller = callSlowly();
    caller.call.join().request(100);
    await().until(() -> caller.received.get() > 100);
    caller.call.join().cancel("enough", null);
    assertThat(caller.end.join().getCode()).isEqualTo(Status.Code.CANCELLED);
    server.shutdown();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).as("no call runs on").isTrue();
    assertThat(made.get()).isLessThan(200);
  }
}
