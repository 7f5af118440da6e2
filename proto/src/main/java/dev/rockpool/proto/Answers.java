package dev.rockpool.proto;

import dev.rockpool.storage.StorageException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How every service answers: with a result, or with the code that the failure means. */
public final class Answers {
  private static final Logger log = LoggerFactory.getLogger(Answers.class);

  // A message travels as a header, and of headers callers take 8 KiB, gRPC's own among them: a
  // larger one breaks the connection, and with it every call on it.
  private static final int MESSAGE_BYTES = 4 << 10;

  private Answers() {}

  /**
   * Does the work of one call and answers it. Whatever fails is answered too, and never as UNKNOWN;
   * where the specification wants a code that no reason stands for, the work throws the status. A
   * caller that has gone by then finds the work done when it asks again.
   */
  public static <T> void answer(StreamObserver<T> reply, Callable<T> work) {
    T result;
    try {
      result = work.call();
    } catch (Exception | Error e) {
      reply.onError(failure(e));
      return;
    }
    if (reply instanceof ServerCallStreamObserver<T> call && call.isCancelled()) {
      return;
    }
    reply.onNext(result);
    reply.onCompleted();
  }

  /** What a call answers, message by message. */
  @FunctionalInterface
  public interface Messages<T> {
    /** The next message; empty if there is none, after which it is not asked again. */
    Optional<T> next() throws Exception;
  }

  /**
   * Answers one call with a stream. A message is made when the caller can take one, so of a slow
   * caller's stream little is in memory, and nothing more is made for one that has gone. Whatever
   * fails ends the stream as it would end {@link #answer}.
   *
   * @param work is done at once, like that of any other call, and gives the messages; these need no
   *     closing
   */
  public static <T> void stream(StreamObserver<T> reply, Callable<Messages<T>> work) {
    ServerCallStreamObserver<T> call = (ServerCallStreamObserver<T>) reply;
    // Without a handler, a message for a caller that has gone would be an exception.
    call.setOnCancelHandler(() -> {});
    try {
      call.setOnReadyHandler(new Streaming<>(call, work.call()));
    } catch (Exception | Error e) {
      call.onError(failure(e));
    }
  }

  /** Sends while it can. gRPC runs it each time that it can again, and never twice at a time. */
  private static final class Streaming<T> implements Runnable {
    private final ServerCallStreamObserver<T> call;
    private final Messages<T> messages;
    private boolean ended;

    Streaming(ServerCallStreamObserver<T> call, Messages<T> messages) {
      this.call = call;
      this.messages = messages;
    }

    @Override
    public void run() {
      try {
        while (!ended && call.isReady()) {
          messages.next().ifPresentOrElse(call::onNext, this::complete);
        }
      } catch (Exception | Error e) {
        ended = true;
        call.onError(failure(e));
      }
    }

    private void complete() {
      ended = true;
      call.onCompleted();
    }
  }

  /** What a failure is answered with. */
  private static StatusRuntimeException failure(Throwable failure) {
    Status status = status(failure);
    String message = status.getDescription();
    return (message == null ? status : status.withDescription(cut(message))).asRuntimeException();
  }

  /** The message, or so much of it that it can be sent: what is not plain ASCII takes more. */
  private static String cut(String message) {
    int bytes = 0;
    for (int i = 0; i < message.length(); i = message.offsetByCodePoints(i, 1)) {
      int point = message.codePointAt(i);
      boolean plain = point >= ' ' && point <= '~' && point != '%';
      bytes += plain ? 1 : 3 * Character.toString(point).getBytes(StandardCharsets.UTF_8).length;
      if (bytes > MESSAGE_BYTES) {
        return message.substring(0, i) + "…";
      }
    }
    return message;
  }

  private static Status status(Throwable failure) {
    return switch (failure) {
      case StorageException e -> status(e);
      case StatusRuntimeException e -> e.getStatus();
      // An Error too: gRPC would make UNKNOWN of it.
      default -> {
        log.error("a defect of the driver, please report it", failure);
        yield Status.INTERNAL
            .withDescription("a defect of the driver: " + failure)
            .withCause(failure);
      }
    };
  }

  /** The code of each reason, as the Container Storage Interface's error tables have them. */
  static Status status(StorageException e) {
    Status.Code code =
        switch (e.reason()) {
          case INVALID -> Status.Code.INVALID_ARGUMENT;
          case NOT_FOUND -> Status.Code.NOT_FOUND;
          case ALREADY_EXISTS -> Status.Code.ALREADY_EXISTS;
          case PRECONDITION -> Status.Code.FAILED_PRECONDITION;
          case EXHAUSTED -> Status.Code.RESOURCE_EXHAUSTED;
          case OUT_OF_RANGE -> Status.Code.OUT_OF_RANGE;
          case BUSY -> Status.Code.ABORTED;
          case UNAVAILABLE -> Status.Code.UNAVAILABLE;
          case FAILED -> Status.Code.INTERNAL;
        };
    return code.toStatus().withDescription(e.getMessage()).withCause(e);
  }
}
