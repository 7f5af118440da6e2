package dev.rockpool.storage;

import dev.rockpool.storage.host.KernelException;
import dev.rockpool.storage.host.Reflink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Gives new files the content that images have at one moment. */
final class ImageForks {
  private final ImageCopy unbounded = new ImageCopy(CopyRate.UNBOUNDED);

  /**
   * An image, and the file that is to have its content.
   *
   * @param image that is read
   * @param to is made; what was there is gone
   */
  record Fork(Path image, Path to) {}

  /**
   * Lets the files share the images' blocks, while the volumes are held still.
   *
   * @return the moment whose content they have; empty if the filesystem can't share blocks, then
   *     the files are empty
   */
  Optional<Instant> share(Stillness.Held held, List<Fork> forks) throws IOException {
    for (Fork fork : forks) {
      makeEmpty(fork.to());
    }
    Instant moment = held.freeze();
    for (Fork fork : forks) {
      if (!share(fork)) {
        held.thaw();
        return Optional.empty();
      }
    }
    held.thaw();
    for (Fork fork : forks) {
      AtomicFiles.sync(fork.to());
    }
    return Optional.of(moment);
  }

  /**
   * Lets the file share the blocks of an image that never changes.
   *
   * @return whether the filesystem can do that; if not, the file is empty
   */
  boolean shareConstant(Fork fork) throws IOException {
    makeEmpty(fork.to());
    if (!share(fork)) {
      return false;
    }
    AtomicFiles.sync(fork.to());
    return true;
  }

  private static boolean share(Fork fork) throws IOException {
    try {
      Reflink.copy(fork.image(), fork.to());
      return true;
    } catch (KernelException e) {
      if (Reflink.unsupported(e)) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Copies the image of a volume in use while it is held still, as fast as it can.
   *
   * @return the moment whose content it has
   * @throws StorageException PRECONDITION if the volume can't be held still, or not for so long
   */
  Instant copyHeld(Stillness.Held held, Fork fork) throws IOException {
    if (held.rawInUse()) {
      throw StorageException.precondition(
          "a raw block volume in use can be copied only where the pool's filesystem has reflinks"
              + " (XFS, btrfs): nothing holds its users; unpublish it first");
    }
    Instant moment = held.freeze();
    try {
      unbounded.copy(
          fork.image(),
          fork.to(),
          0,
          _ -> {
            if (held.isLate()) {
              throw tooLarge(fork.image());
            }
          });
      held.thaw();
    } catch (StorageException e) {
      throw held.isLate() ? tooLarge(fork.image()) : e;
    }
    return moment;
  }

  private static StorageException tooLarge(Path image) {
    return StorageException.precondition(
        image
            + " can't be copied within the "
            + Stillness.LIMIT.toSeconds()
            + " s for which its users may be held: unpublish the volume first, or use a pool whose"
            + " filesystem has reflinks (XFS, btrfs)");
  }

  private static void makeEmpty(Path file) throws IOException {
    Files.deleteIfExists(file);
    Files.createFile(file, AtomicFiles.OWNER_FILE);
  }
}
