package dev.rockpool.storage;

import dev.rockpool.storage.host.Host;
import dev.rockpool.storage.host.LockState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The nodes that volumes of a pool are published to: which of them run, and how those that are gone
 * give their volumes back. The pool is not opened for that, and a driver may have it open.
 */
public final class PoolHolders {
  private final PoolLayout layout;
  private final VolumeStore volumes;
  private final PoolUsers users;
  private final LocalUse local;

  /**
   * @throws StorageException INVALID if it is not that pool; UNAVAILABLE if it can't be read
   */
  public PoolHolders(PoolSpec spec, Host host) {
    PoolRecord record = PoolDirectory.inspect(spec);
    layout = PoolLayout.of(spec);
    volumes = new VolumeStore(layout, () -> true);
    users = new PoolUsers(layout, record.kind());
    local = new LocalUse(layout, host);
  }

  /**
   * What became of a volume that a node was to give back.
   *
   * @param volume which one
   * @param held how the node held it
   * @param refused why it holds it still; empty = it is released
   */
  public record Outcome(VolumeId volume, Attachment held, Optional<String> refused) {}

  /** The nodes whose drivers have the pool open now. */
  public Set<NodeId> running() {
    try {
      return users.open();
    } catch (IOException e) {
      throw StorageException.of("can't find out who has the pool open", e);
    }
  }

  /**
   * Takes every volume away from the node, which is gone. What can be seen from here must not
   * contradict that: its driver does not run, the volume is not locked, and not in use on this
   * machine. Whether another machine goes on to use what its driver has left mounted can't be seen.
   *
   * @throws StorageException PRECONDITION if the node's driver has the pool open
   */
  public List<Outcome> release(NodeId node) {
    if (running().contains(node)) {
      throw StorageException.precondition(
          "node \""
              + node
              + "\" is not gone: its driver has the pool open; unpublish its volumes, or end its"
              + " driver");
    }
    List<Outcome> outcomes = new ArrayList<>();
    try {
      volumes.refresh();
      for (VolumeRecord record : volumes.after(Optional.empty()).toList()) {
        Optional<Attachment> held = record.attachment(node);
        if (held.isPresent()) {
          outcomes.add(release(record, held.get()));
        }
      }
    } catch (IOException e) {
      throw StorageException.of("can't read " + layout.volumes(), e);
    }
    return List.copyOf(outcomes);
  }

  private Outcome release(VolumeRecord record, Attachment held) {
    try {
      Optional<String> use = isUsedByAnother(record, held) ? Optional.empty() : use(record);
      if (use.isPresent()) {
        return new Outcome(record.id(), held, use);
      }
      var _ =
          volumes.update(
              record.id(),
              now ->
                  now.withAttachments(
                      now.attachments().stream().filter(other -> !other.equals(held)).toList()));
      return new Outcome(record.id(), held, Optional.empty());
    } catch (IOException e) {
      return new Outcome(record.id(), held, Optional.of("can't find out who uses it: " + e));
    } catch (StorageException e) {
      return new Outcome(record.id(), held, Optional.of(String.valueOf(e.getMessage())));
    }
  }

  /** Whether there is another holder whose driver runs, and whose use is what can be seen. */
  private boolean isUsedByAnother(VolumeRecord record, Attachment held) throws IOException {
    Set<NodeId> open = users.open();
    return FileLocks.state(volumes.kind().useLock(record.id())) == LockState.SHARED
        && record.attachments().stream()
            .anyMatch(other -> !other.equals(held) && open.contains(other.node()));
  }

  private Optional<String> use(VolumeRecord record) throws IOException {
    if (FileLocks.state(volumes.kind().useLock(record.id())) != LockState.FREE) {
      return Optional.of(
          "it is locked: a node uses it, or it is being copied; unstage it there first");
    }
    return local.of(layout.directory(record.id()));
  }
}
