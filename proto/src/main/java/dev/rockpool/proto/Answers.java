package dev.rockpool.proto;

import dev.rockpool.storage.StorageException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How every service answers: with a result, or with the code that the failure means. */
public final class Answers {
  private static final Logger log = LoggerFactory.getLogger(Answers.class);

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
    } catch (StorageException e) {
      reply.onError(status(e).asRuntimeException());
      return;
    } catch (StatusRuntimeException e) {
      reply.onError(e);
      return;
    } catch (Exception | Error e) {
      // An Error too: gRPC would make UNKNOWN of it.
      log.error("a defect of the driver, please report it", e);
      reply.onError(
          Status.INTERNAL
              .withDescription("a defect of the driver: " + e)
              .withCause(e)
              .asRuntimeException());
      return;
    }
    if (reply instanceof ServerCallStreamObserver<T> call && call.isCancelled()) {
      return;
    }
    reply.onNext(result);
    reply.onCompleted();
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
