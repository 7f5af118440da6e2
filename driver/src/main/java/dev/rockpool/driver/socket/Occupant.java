package dev.rockpool.driver.socket;

import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketCredentials;
import org.newsclub.net.unix.ConnectionRefusedSocketException;
import org.newsclub.net.unix.OperationNotSupportedSocketException;

/** Who has the path of a socket. */
sealed interface Occupant {

  /** There is no such file. */
  record Nobody() implements Occupant {}

  /** A socket that nobody listens on: its owner is dead. */
  record Stale() implements Occupant {}

  /**
   * A socket that somebody listens on.
   *
   * @param pid of the process that does, in our pid namespace; not positive if it can't be seen
   */
  record Live(long pid) implements Occupant {
    @Override
    public String toString() {
      return pid > 0 ? "process " + pid : "another process";
    }
  }

  /** Something that is not a stream socket, and so was not made by a server of ours. */
  record SomethingElse() implements Occupant {}

  /**
   * Finds out by connecting, which a listener sees as a connection that is closed at once.
   *
   * @throws IOException if it can't be told, for example because permission is missing
   */
  static Occupant of(Path path) throws IOException {
    try {
      if (!isSocket(path)) {
        return new SomethingElse();
      }
    } catch (NoSuchFileException e) {
      return new Nobody();
    }
    try (AFUNIXSocketChannel probe = AFUNIXSocketChannel.open()) {
      // A listener whose queue is full would hold a blocking connect for as long as it is.
      probe.configureBlocking(false);
      if (!probe.connect(AFUNIXSocketAddress.of(path))) {
        return new Live(0);
      }
      AFUNIXSocketCredentials listener = probe.getPeerCredentials();
      return new Live(listener == null ? 0 : listener.getPid());
    } catch (ConnectionRefusedSocketException e) {
      return new Stale();
    } catch (OperationNotSupportedSocketException e) {
      return new SomethingElse();
    } catch (SocketException e) {
      if (Files.notExists(path, LinkOption.NOFOLLOW_LINKS)) {
        return new Nobody();
      }
      throw new IOException("can't find out whether " + path + " is served: " + e.getMessage(), e);
    }
  }

  private static boolean isSocket(Path path) throws IOException {
    int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    return (mode & 0170000) == 0140000;
  }
}
