package dev.rockpool.storage;

import dev.rockpool.storage.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Looks for what is wrong in pools, which drivers may have open: calls that are under way are no
 * findings. Nothing is registered, and no lock is held but for the moment of a repair.
 */
public final class PoolCheck {
  /** Between two looks at a pool in use: longer than a call is without a lock that tells of it. */
  public static final Duration PAUSE = Duration.ofSeconds(3);

  // A repair may uncover what could not be seen before.
  private static final int ROUNDS = 3;

  private final List<PoolSpec> specs;
  private final Host host;
  private final Duration pause;

  /**
   * @param specs the pools that volumes of one group may be in; each can be checked
   * @param host tells whether images are in use on this machine
   * @param pause between two looks at a pool in use
   */
  public PoolCheck(List<PoolSpec> specs, Host host, Duration pause) {
    this.specs = List.copyOf(specs);
    this.host = host;
    this.pause = pause;
  }

  /** What is known after a look, or two. */
  private record Looked(PoolLook last, boolean inUse, List<Finding> findings) {}

  /**
   * Reads the whole pool, and changes nothing.
   *
   * @throws StorageException INVALID if it is not that pool; UNAVAILABLE if it can't be read
   */
  public PoolReport check(PoolSpec spec) {
    Opened opened = open(spec);
    Looked looked = look(spec, opened);
    return report(spec, looked, List.of(), Map.of());
  }

  /**
   * Checks the pool, and mends what can be mended without any loss.
   *
   * @param giveUp the ids of findings whose subjects are deleted, with all their data
   * @throws StorageException INVALID if it is not that pool, or there is no such finding, or none
   *     that can be given up, before anything is changed; UNAVAILABLE if it can't be read
   */
  public PoolReport repair(PoolSpec spec, Set<String> giveUp) {
    return repair(spec, true, giveUp);
  }

  /** As {@link #repair}, but what is not named stays as it is. */
  public PoolReport delete(PoolSpec spec, Set<String> giveUp) {
    return repair(spec, false, giveUp);
  }

  private PoolReport repair(PoolSpec spec, boolean safe, Set<String> giveUp) {
    Opened opened = open(spec);
    Looked looked = look(spec, opened);
    requireDeletable(looked.findings(), giveUp);
    PoolRepair repair = new PoolRepair(opened.layout(), opened.users(), host);
    List<PoolReport.Mended> mended = new ArrayList<>();
    Map<Finding, String> refused = new LinkedHashMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      int before = mended.size();
      for (Finding finding : looked.findings()) {
        boolean named = giveUp.contains(finding.id());
        if (named || (safe && finding.repairable())) {
          try {
            String done = named ? repair.giveUp(finding) : repair.repair(finding);
            mended.add(new PoolReport.Mended(finding, done));
            refused.remove(finding);
          } catch (StorageException e) {
            refused.put(finding, String.valueOf(e.getMessage()));
          }
        }
      }
      if (mended.size() == before) {
        break;
      }
      looked = look(spec, opened);
    }
    return report(spec, looked, mended, refused);
  }

  private static void requireDeletable(List<Finding> findings, Set<String> giveUp) {
    Set<String> unknown = new TreeSet<>(giveUp);
    for (Finding finding : findings) {
      if (unknown.remove(finding.id()) && !finding.kind().deletable()) {
        throw StorageException.invalid(
            "\"" + finding.id() + "\" is nothing that can be deleted: " + finding.remedy());
      }
    }
    if (!unknown.isEmpty()) {
      throw StorageException.invalid(
          "there is no finding \""
              + Printable.of(unknown.iterator().next())
              + "\"; there are "
              + findings.stream().map(Finding::id).toList());
    }
  }

  private static PoolReport report(
      PoolSpec spec, Looked looked, List<PoolReport.Mended> mended, Map<Finding, String> refused) {
    return new PoolReport(
        spec,
        looked.inUse(),
        looked.last().volumes(),
        looked.last().snapshots(),
        looked.last().groups(),
        looked.findings().stream()
            .map(finding -> new PoolReport.Left(finding, refused.getOrDefault(finding, "")))
            .toList(),
        mended);
  }

  private record Opened(PoolLayout layout, PoolUsers users) {}

  private static Opened open(PoolSpec spec) {
    PoolRecord record = PoolDirectory.inspect(spec);
    PoolLayout layout = PoolLayout.of(spec);
    return new Opened(layout, new PoolUsers(layout, record.kind()));
  }

  private Looked look(PoolSpec spec, Opened opened) {
    try {
      boolean inUse = opened.users().inUse();
      PoolLook look = newLook(opened, inUse);
      Map<Finding, String> found = look.look();
      if (!found.isEmpty() && (inUse || opened.users().inUse())) {
        Thread.sleep(pause);
        inUse = true;
        look = newLook(opened, inUse);
        Map<Finding, String> again = look.look();
        found.entrySet().retainAll(again.entrySet());
      }
      List<Finding> findings = new ArrayList<>(found.keySet());
      PoolSpace.overpromised(spec, opened.layout(), look.promisedBytes()).ifPresent(findings::add);
      return new Looked(look, inUse, findings);
    } catch (IOException e) {
      throw PoolLayout.unreadable(spec, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw PoolLayout.unreadable(spec, new IOException("interrupted while it was checked", e));
    }
  }

  private PoolLook newLook(Opened opened, boolean inUse) throws IOException {
    List<PoolLayout> all = new ArrayList<>();
    for (PoolSpec spec : specs) {
      // One that can't be read is told of where it is checked itself.
      if (Files.isDirectory(spec.directory())) {
        all.add(PoolLayout.of(spec));
      }
    }
    return new PoolLook(opened.layout(), all, opened.users(), inUse);
  }
}
