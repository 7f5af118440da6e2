package dev.rockpool.driver.socket;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A service without protocol buffers: bytes in, bytes out. */
final class EchoService implements BindableService {
  private static final MethodDescriptor<byte[], byte[]> ECHO = method("Echo");
  private static final MethodDescriptor<byte[], byte[]> HOLD = method("Hold");
  private static final MethodDescriptor<byte[], byte[]> PAUSE = method("Pause");
  private static final MethodDescriptor<byte[], byte[]> THREAD = method("Thread");

  /** Open once a call of Hold has begun. */
  final CountDownLatch held = new CountDownLatch(1);

  /** To be opened for the call of Hold to end. */
  final CountDownLatch release = new CountDownLatch(1);

  /** Open once the call of Hold has been interrupted. */
  final CountDownLatch interrupted = new CountDownLatch(1);

  @Override
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder("test.Echo")
        .addMethod(ECHO, ServerCalls.asyncUnaryCall(EchoService::echo))
        .addMethod(HOLD, ServerCalls.asyncUnaryCall(this::hold))
        .addMethod(PAUSE, ServerCalls.asyncUnaryCall(EchoService::pause))
        .addMethod(THREAD, ServerCalls.asyncUnaryCall(EchoService::thread))
        .build();
  }

  /** The request comes back. */
  static byte[] echo(Channel channel, byte[] request) {
    return ClientCalls.blockingUnaryCall(channel, ECHO, options(), request);
  }

  /** The request comes back. */
  static String echo(Channel channel, String request) {
    return text(echo(channel, request.getBytes(StandardCharsets.UTF_8)));
  }

  /** The request comes back once {@link #release} is open. */
  static byte[] hold(Channel channel, byte[] request) {
    return ClientCalls.blockingUnaryCall(channel, HOLD, options(), request);
  }

  /** "paused", after two seconds; the server prints "pausing" when they begin. */
  static String pause(Channel channel) {
    return text(ClientCalls.blockingUnaryCall(channel, PAUSE, options(), new byte[0]));
  }

  /** "virtual" or "platform": of which kind is the thread that serves a call. */
  static String thread(Channel channel) {
    return text(ClientCalls.blockingUnaryCall(channel, THREAD, options(), new byte[0]));
  }

  private static CallOptions options() {
    return CallOptions.DEFAULT.withDeadlineAfter(Duration.ofSeconds(30));
  }

  private static void echo(byte[] request, StreamObserver<byte[]> reply) {
    reply.onNext(request);
    reply.onCompleted();
  }

  private void hold(byte[] request, StreamObserver<byte[]> reply) {
    held.countDown();
    try {
      if (release.await(1, TimeUnit.MINUTES)) {
        echo(request, reply);
      }
    } catch (InterruptedException e) {
      interrupted.countDown();
      reply.onError(Status.CANCELLED.asRuntimeException());
    }
  }

  private static void pause(byte[] request, StreamObserver<byte[]> reply) {
    System.out.println("pausing");
    try {
      boolean opened = new CountDownLatch(1).await(2, TimeUnit.SECONDS);
      echo((opened ? "opened" : "paused").getBytes(StandardCharsets.UTF_8), reply);
    } catch (InterruptedException e) {
      reply.onError(Status.CANCELLED.asRuntimeException());
    }
  }

  private static void thread(byte[] request, StreamObserver<byte[]> reply) {
    String kind = Thread.currentThread().isVirtual() ? "virtual" : "platform";
    echo(kind.getBytes(StandardCharsets.UTF_8), reply);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName(MethodDescriptor.generateFullMethodName("test.Echo", name))
        .setRequestMarshaller(new Bytes())
        .setResponseMarshaller(new Bytes())
        .build();
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
