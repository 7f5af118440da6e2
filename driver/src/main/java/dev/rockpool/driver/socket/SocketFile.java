package dev.rockpool.driver.socket;

import static java.util.Objects.requireNonNull;

import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.newsclub.net.unix.AFUNIXServerSocket;
import org.newsclub.net.unix.AFUNIXServerSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.FileDescriptorCast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listening socket and its file. The socket is bound under a {@linkplain HiddenName hidden name},
 * so that when it is seen under its own it has its mode and somebody listens, and so that no other
 * server's socket is ever displaced:
 *
 * <ul>
 *   <li>its own name is given by a hard link, which fails where the name is taken;
 *   <li>a stale socket is first moved to a hidden name and asked again there: a server that has
 *       taken its place since the first look is put back.
 * </ul>
 *
 * <p>So of two servers that start at once on one path one wins. There is no lock file, because CSI
 * wants no other file beside the socket, and without one this is left:
 *
 * <ul>
 *   <li>For the instant between moved and put back, a client of that server finds no socket. If a
 *       third server starts in that very instant it takes the name, and the one before goes on
 *       without: so three must start at once, over a stale socket.
 *   <li>A program that binds the path itself, not under a hidden name, is taken for stale in the
 *       instant between its bind and its listen.
 * </ul>
 */
final class SocketFile implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);

  /**
   * Connections that wait to be accepted; the kernel's own limit, net.core.somaxconn, may be less.
   */
  private static final int BACKLOG = 128;

  /** How often a name that somebody else took and gave up in between is tried for. */
  private static final int ATTEMPTS = 5;

  private final Endpoint endpoint;
  private final Path hidden;
  private final AFUNIXServerSocket socket;
  private final AFUNIXServerSocketChannel channel;
  private final Object key;
  private final long ownerUid;
  private final AtomicBoolean published = new AtomicBoolean();

  private SocketFile(
      Endpoint endpoint, Path hidden, AFUNIXServerSocket socket, AFUNIXServerSocketChannel channel)
      throws IOException {
    this.endpoint = endpoint;
    this.hidden = hidden;
    this.socket = socket;
    this.channel = channel;
    this.key = keyOf(hidden);
    this.ownerUid = ((Number) Files.getAttribute(hidden, "unix:uid")).longValue();
  }

  /**
   * Listens, under a hidden name with mode 0600. The directory is created with mode 0700 if it is
   * not there; one that is there is left as it is, since it may be kubelet's. What earlier servers
   * left behind under hidden names is removed.
   *
   * @throws BindException if somebody listens on the endpoint
   * @throws IOException if there is something at the endpoint that is not a stream socket, or the
   *     directory can't be used
   */
  static SocketFile bind(Endpoint endpoint) throws IOException {
    prepareDirectory(endpoint.directory());
    removeLeftovers(endpoint);
    refuseIfTaken(endpoint, Occupant.of(endpoint.path()));

    Path hidden = HiddenName.of(endpoint);
    AFUNIXServerSocket socket = AFUNIXServerSocket.newInstance();
    try {
      // With it, junixsocket would move away whatever is bound to the address.
      socket.setReuseAddress(false);
      socket.setDeleteOnClose(false);
      socket.bind(AFUNIXSocketAddress.of(hidden), BACKLOG);
      Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rw-------"));
      return new SocketFile(endpoint, hidden, socket, withoutInodeCheck(socket));
    } catch (IOException | RuntimeException e) {
      try (socket) {
        Files.deleteIfExists(hidden);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /**
   * A view of the same descriptor. The channel that bound the socket looks its address up before
   * each accept and closes itself where the inode is not there, as it is not once the file has
   * another name; a channel made of a descriptor does not. The view does not own the descriptor.
   */
  private static AFUNIXServerSocketChannel withoutInodeCheck(AFUNIXServerSocket socket)
      throws IOException {
    AFUNIXServerSocketChannel view =
        FileDescriptorCast.using(socket.getFileDescriptor()).as(AFUNIXServerSocketChannel.class);
    view.setDeleteOnClose(false);
    return view;
  }

  Endpoint endpoint() {
    return endpoint;
  }

  /** The uid of this process: whoever makes a file is its owner. */
  long ownerUid() {
    return ownerUid;
  }

  /** To accept connections from. To close it does not stop the listening: {@link #close} does. */
  AFUNIXServerSocketChannel channel() {
    return channel;
  }

  /**
   * Gives the socket its own name. A stale socket of that name is replaced.
   *
   * @throws BindException if somebody listens there
   * @throws IOException if there is something else there, or the name can't be given
   */
  void publish() throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        Files.createLink(endpoint.path(), hidden);
        break;
      } catch (FileAlreadyExistsException e) {
        if (attempt == ATTEMPTS) {
          throw new BindException(endpoint.path() + " is being taken by other servers: " + e);
        }
        makeWay();
      }
    }
    published.set(true);
    Files.delete(hidden);
  }

  private void makeWay() throws IOException {
    Path path = endpoint.path();
    refuseIfTaken(endpoint, Occupant.of(path));
    Path aside = HiddenName.of(endpoint);
    if (!moveAside(aside)) {
      return;
    }
    Occupant moved = Occupant.of(aside);
    if (moved instanceof Occupant.Stale) {
      Files.deleteIfExists(aside);
      LOG.info("removed the socket {}, which nobody listened on", path);
    } else {
      putBack(aside);
      refuseIfTaken(endpoint, moved);
    }
  }

  /**
   * Takes the socket's name away, so that nobody can connect any more; established connections are
   * not touched. A file that is not ours is left alone, and a second call does nothing.
   */
  void withdraw() throws IOException {
    if (!published.compareAndSet(true, false)) {
      return;
    }
    if (!isOurs(endpoint.path())) {
      LOG.warn("left {} alone: it is not the socket that was made there", endpoint.path());
      return;
    }
    Path aside = HiddenName.of(endpoint);
    if (!moveAside(aside)) {
      return;
    }
    if (isOurs(aside)) {
      Files.deleteIfExists(aside);
    } else {
      putBack(aside);
    }
  }

  /** Withdraws, and stops listening. */
  @Override
  public void close() throws IOException {
    // The name goes first: only while the socket is open is its inode certainly not another's.
    try (socket;
        channel) {
      withdraw();
      Files.deleteIfExists(hidden);
    }
  }

  private boolean moveAside(Path aside) throws IOException {
    try {
      Files.move(endpoint.path(), aside, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private void putBack(Path aside) throws IOException {
    Files.createLink(endpoint.path(), aside);
    Files.delete(aside);
  }

  private boolean isOurs(Path path) throws IOException {
    try {
      return keyOf(path).equals(key);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Device and inode. The inode is not used again while our socket is open. */
  private static Object keyOf(Path path) throws IOException {
    return requireNonNull(
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey());
  }

  private static void refuseIfTaken(Endpoint endpoint, Occupant occupant) throws IOException {
    switch (occupant) {
      case Occupant.Nobody _, Occupant.Stale _ -> {}
      case Occupant.Live live ->
          throw new BindException(
              endpoint.path() + " is served by " + live + ": stop it, or use another endpoint");
      case Occupant.SomethingElse _ ->
          throw new IOException(
              endpoint.path() + " is not a stream socket: move it away, or use another endpoint");
    }
  }

  private static void prepareDirectory(Path directory) throws IOException {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          e.getFile() + " is not a directory, and the socket is to be in " + directory, e);
    }
    int mode = (int) Files.getAttribute(directory, "unix:mode") & 07777;
    boolean othersWrite = (mode & 0022) != 0;
    boolean sticky = (mode & 01000) != 0;
    if (othersWrite && !sticky) {
      LOG.warn(
          "{} has mode {}: others than its owner can put a socket of theirs in the place of ours",
          directory,
          Integer.toOctalString(mode));
    }
  }

  /** A server that is starting listens on its hidden name and is not disturbed. */
  private static void removeLeftovers(Endpoint endpoint) throws IOException {
    List<Path> leftovers = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(
            endpoint.directory(), file -> HiddenName.matches(endpoint, file))) {
      files.forEach(leftovers::add);
    }
    for (Path leftover : leftovers) {
      if (Occupant.of(leftover) instanceof Occupant.Stale && Files.deleteIfExists(leftover)) {
        LOG.info("removed {}, left behind by a server that was killed while it started", leftover);
      }
    }
  }
}
