package dev.rockpool.driver.selftest;

import dev.rockpool.driver.socket.Endpoint;
import dev.rockpool.driver.socket.SocketChannels;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.GroupControllerGrpc;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.NodeGetInfoRequest;
import dev.rockpool.proto.csi.NodeGrpc;
import dev.rockpool.proto.csi.ProbeRequest;
import dev.rockpool.proto.csi.SnapshotMetadataGrpc;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;

/** A driver that is called, which is one node. Each call has a time limit. */
final class Node implements AutoCloseable {
  private static final Duration CALL_LIMIT = Duration.ofMinutes(2);
  private static final Duration READY_LIMIT = Duration.ofSeconds(30);
  private static final long PAUSE_MILLIS = 100;

  private final Endpoint endpoint;
  private final ManagedChannel channel;
  private String id = "";

  Node(Endpoint endpoint) {
    this.endpoint = endpoint;
    this.channel = SocketChannels.connect(endpoint);
  }

  IdentityGrpc.IdentityBlockingStub identity() {
    return IdentityGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_LIMIT);
  }

  ControllerGrpc.ControllerBlockingStub controller() {
    return ControllerGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_LIMIT);
  }

  NodeGrpc.NodeBlockingStub node() {
    return NodeGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_LIMIT);
  }

  GroupControllerGrpc.GroupControllerBlockingStub groups() {
    return GroupControllerGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_LIMIT);
  }

  SnapshotMetadataGrpc.SnapshotMetadataBlockingStub metadata() {
    return SnapshotMetadataGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_LIMIT);
  }

  /** The node's id, once {@link #awaitReady} has returned. */
  String id() {
    return id;
  }

  /**
   * Waits until the driver says that it is ready, and asks it which node it is.
   *
   * @throws StatusRuntimeException if it answers that something is wrong
   * @throws IllegalStateException if it does not answer, or is not ready in time
   */
  void awaitReady() throws Exception {
    long end = System.nanoTime() + READY_LIMIT.toNanos();
    while (!ready()) {
      if (System.nanoTime() > end || Context.current().isCancelled()) {
        throw new IllegalStateException(
            endpoint + " is not ready after " + READY_LIMIT.toSeconds() + " s");
      }
      Thread.sleep(PAUSE_MILLIS);
    }
    id = node().nodeGetInfo(NodeGetInfoRequest.getDefaultInstance()).getNodeId();
  }

  private boolean ready() {
    try {
      return identity().probe(ProbeRequest.getDefaultInstance()).getReady().getValue();
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
        throw new IllegalStateException(
            "nobody answers on " + endpoint + ": " + e.getStatus().getCause(), e);
      }
      throw e;
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
