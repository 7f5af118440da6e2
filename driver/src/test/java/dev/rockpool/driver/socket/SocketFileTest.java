package dev.rockpool.driver.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SocketFileTest {
  @TempDir private Path directory;
  private Endpoint endpoint;

  @BeforeEach
  void chooseEndpoint() {
    endpoint = new Endpoint(directory.resolve("csi.sock"));
  }

  @Test
  void isNotSeenUnderItsOwnNameUntilItIsPublished() throws Exception {
    try (SocketFile file = SocketFile.bind(endpoint)) {
      assertThat(Occupant.of(endpoint.path())).isEqualTo(new Occupant.Nobody());

      file.publish();
      assertThat(Occupant.of(endpoint.path())).isInstanceOf(Occupant.Live.class);
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void leavesNothingWhereItWasNotPublished() throws Exception {
    SocketFile.bind(endpoint).close();

    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void ofTwoThatFoundTheSameStaleSocketTheSecondGivesWay() throws Exception {
    leaveStaleSocket();
    try (SocketFile first = SocketFile.bind(endpoint);
        SocketFile second = SocketFile.bind(endpoint)) {
      first.publish();

      assertThatThrownBy(second::publish)
          .isInstanceOf(BindException.class)
          .hasMessageContaining("is served by process " + ProcessHandle.current().pid());
      assertThat(first.channel().isOpen()).isTrue();
      assertThat(Occupant.of(endpoint.path())).isInstanceOf(Occupant.Live.class);
    }
    assertThat(directory).isEmptyDirectory();
  }

  /** Often enough for one to find that what it moved aside was no longer the stale socket. */
  @Test
  void ofTwoThatPublishAtOnceOverAStaleSocketOneStays() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < 500; round++) {
        leaveStaleSocket();
        try (SocketFile one = SocketFile.bind(endpoint);
            SocketFile other = SocketFile.bind(endpoint)) {
          CyclicBarrier together = new CyclicBarrier(2);
          Future<Boolean> first = threads.submit(() -> publish(one, together));
          Future<Boolean> second = threads.submit(() -> publish(other, together));

          assertThat(List.of(first.get(), second.get()))
              .as("round %d", round)
              .containsExactlyInAnyOrder(true, false);
          assertThat(Occupant.of(endpoint.path())).isInstanceOf(Occupant.Live.class);
        }
        assertThat(directory).isEmptyDirectory();
      }
    }
  }

  private static boolean publish(SocketFile file, CyclicBarrier together) throws Exception {
    together.await();
    try {
      file.publish();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private void leaveStaleSocket() throws IOException {
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(endpoint.path()));
    }
    assertThat(Files.exists(endpoint.path())).isTrue();
  }
}
