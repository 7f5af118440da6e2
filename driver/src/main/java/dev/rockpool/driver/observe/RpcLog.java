package dev.rockpool.driver.observe;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.rockpool.storage.Printable;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Logs each call in one line: its method, what it was about, how it ended and how long it took.
 * Only that is ever taken from a request, so its secrets, mount flags and volume context can't
 * appear.
 */
public final class RpcLog implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(RpcLog.class);

  /** The fields that name what a request is about; the first that a request has, and has set. */
  private static final List<String> SUBJECTS =
      List.of(
          "volume_id",
          "source_volume_id",
          "snapshot_id",
          "target_snapshot_id",
          "group_snapshot_id",
          "name");

  /** Sidecars repeat these all day, and they change nothing. */
  private static final Set<String> QUIET =
      Set.of(
          "GetPluginInfo",
          "GetPluginCapabilities",
          "Probe",
          "ControllerGetCapabilities",
          "GroupControllerGetCapabilities",
          "NodeGetCapabilities",
          "NodeGetInfo",
          "NodeGetVolumeStats",
          "ValidateVolumeCapabilities",
          "ListVolumes",
          "ListSnapshots",
          "GetCapacity",
          "GetInfo",
          "ControllerGetVolume",
          "GetSnapshot",
          "GetVolumeGroupSnapshot",
          "GetMetadataAllocated",
          "GetMetadataDelta");

  private final RpcObserver observer;

  public RpcLog(RpcObserver observer) {
    this.observer = observer;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Entry line = new Entry(String.valueOf(call.getMethodDescriptor().getBareMethodName()));
    observer.began();
    ServerCall<Q, A> watched =
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            super.close(status, trailers);
            line.end(status);
          }
        };
    return new SimpleForwardingServerCallListener<>(next.startCall(watched, headers)) {
      @Override
      public void onMessage(Q request) {
        line.subject = subject(request);
        super.onMessage(request);
      }

      @Override
      public void onCancel() {
        super.onCancel();
        line.end(
            Status.CANCELLED.withDescription("the caller gave up, or its connection was lost"));
      }
    };
  }

  private static String subject(Object request) {
    if (request instanceof Message message) {
      for (String name : SUBJECTS) {
        FieldDescriptor field = message.getDescriptorForType().findFieldByName(name);
        if (field != null && message.getField(field) instanceof String text && !text.isEmpty()) {
          return Printable.of(text);
        }
      }
    }
    return "";
  }

  /** One call. It ends with the handler's answer, or with its caller, whichever is first. */
  private final class Entry {
    private final String method;
    private final long begin = System.nanoTime();
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile String subject = "";

    Entry(String method) {
      this.method = method;
    }

    void end(Status status) {
      if (!ended.compareAndSet(false, true)) {
        return;
      }
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      observer.ended(method, status.getCode(), took);
      log.atLevel(level(status))
          .log(
              "{}{} {} {} ms{}",
              method,
              subject.isEmpty() ? "" : " \"" + subject.replace('"', '\'') + "\"",
              status.getCode(),
              took.toMillis(),
              status.getDescription() == null ? "" : ": " + status.getDescription());
    }

    /** What the driver refuses is its work; what it fails to do is for somebody to look at. */
    private Level level(Status status) {
      return switch (status.getCode()) {
        case OK -> QUIET.contains(method) ? Level.DEBUG : Level.INFO;
        case FAILED_PRECONDITION -> method.equals("Probe") ? Level.WARN : Level.INFO;
        case CANCELLED,
            INVALID_ARGUMENT,
            NOT_FOUND,
            ALREADY_EXISTS,
            ABORTED,
            OUT_OF_RANGE,
            UNIMPLEMENTED ->
            Level.INFO;
        case UNKNOWN,
            DEADLINE_EXCEEDED,
            PERMISSION_DENIED,
            RESOURCE_EXHAUSTED,
            INTERNAL,
            UNAVAILABLE,
            DATA_LOSS,
            UNAUTHENTICATED ->
            Level.WARN;
      };
    }
  }
}
