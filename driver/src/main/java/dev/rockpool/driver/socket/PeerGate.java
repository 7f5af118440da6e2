package dev.rockpool.driver.socket;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom the server talks to: processes of its own user and of root. It decides by the uid alone: a
 * pid is of our pid namespace, where the peer may not be seen. For one thread.
 */
final class PeerGate {
  private static final Logger LOG = LoggerFactory.getLogger(PeerGate.class);

  /** Each uid is named once, but whoever has many can't fill the log with them. */
  private static final int NAMED_UIDS = 16;

  private final long ownUid;
  private final LogThrottle throttle = new LogThrottle(Duration.ofMinutes(1), System::nanoTime);
  private final Set<Long> named = new HashSet<>();

  PeerGate(long ownUid) {
    this.ownUid = ownUid;
  }

  /**
   * Whether this peer may connect. Logs who may not.
   *
   * @param uid negative if it is not known, and then it may not
   * @param pid for the log
   */
  boolean admits(long uid, long pid) {
    if (uid == ownUid || uid == 0) {
      return true;
    }
    if (named.size() < NAMED_UIDS && named.add(uid)) {
      LOG.warn(
          "refused a connection of uid {} (process {}): only uid {} and root may connect",
          uid,
          pid,
          ownUid);
      return false;
    }
    long refused = throttle.count();
    if (refused > 0) {
      LOG.warn("refused {} more connections, the last one of uid {}", refused, uid);
    }
    return false;
  }
}
