package dev.rockpool.driver.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rockpool.storage.Finding;
import dev.rockpool.storage.Json;
import dev.rockpool.storage.PoolReport;
import dev.rockpool.storage.PoolSpec;
import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import java.io.PrintWriter;

/** How the result of a check is told. */
final class FsckOutput {
  private FsckOutput() {}

  static void print(PoolReport report, PrintWriter out) {
    for (PoolReport.Mended mended : report.mended()) {
      out.printf("mended   %s%n         %s%n", mended.finding().id(), text(mended.done()));
    }
    for (PoolReport.Left left : report.left()) {
      Finding finding = left.finding();
      out.printf("%-8s %s%n", finding.kind().severity().label(), finding.id());
      out.printf("         %s%n", text(finding.problem()));
      out.printf("         do: %s%s%n", text(finding.remedy()), giveUp(finding));
      if (!left.refused().isEmpty()) {
        out.printf("         not done: %s%n", text(left.refused()));
      }
    }
    out.printf(
        "pool \"%s\": %d volumes, %d snapshots, %d groups; %d findings, %d mended%s%n",
        report.spec().name(),
        report.volumes(),
        report.snapshots(),
        report.groups(),
        report.left().size(),
        report.mended().size(),
        report.inUse() ? "; a driver has it open" : "");
  }

  private static String giveUp(Finding finding) {
    return finding.kind().deletable() ? "; or give it up: --delete '" + finding.id() + "'" : "";
  }

  /** Names of files get into it. */
  private static String text(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /**
   * A pool as programs read it: {@code pool}, {@code directory}, {@code checked}, {@code inUse},
   * {@code volumes}, {@code snapshots}, {@code groups}, {@code findings} and {@code mended}.
   */
  static ObjectNode json(PoolReport report) {
    ObjectNode node = pool(report.spec(), true);
    node.put("inUse", report.inUse())
        .put("volumes", report.volumes())
        .put("snapshots", report.snapshots())
        .put("groups", report.groups());
    ArrayNode findings = node.putArray("findings");
    for (PoolReport.Left left : report.left()) {
      ObjectNode finding = json(left.finding());
      if (!left.refused().isEmpty()) {
        finding.put("refused", left.refused());
      }
      findings.add(finding);
    }
    ArrayNode mended = node.putArray("mended");
    for (PoolReport.Mended done : report.mended()) {
      mended.add(json(done.finding()).put("done", done.done()));
    }
    return node;
  }

  /** One that could not be checked: {@code checked} is false, and {@code problem} tells why. */
  static ObjectNode failure(PoolSpec spec, StorageException e) {
    return pool(spec, false).put("problem", e.getMessage());
  }

  private static ObjectNode pool(PoolSpec spec, boolean checked) {
    return Json.MAPPER
        .createObjectNode()
        .put("pool", spec.name().value())
        .put("directory", spec.directory().toString())
        .put("checked", checked);
  }

  private static ObjectNode json(Finding finding) {
    return Json.MAPPER
        .createObjectNode()
        .put("id", finding.id())
        .put("kind", finding.kind().label())
        .put("severity", finding.kind().severity().label())
        .put("place", Printable.of(finding.place()))
        .put("problem", finding.problem())
        .put("remedy", finding.remedy())
        .put("repairable", finding.repairable())
        .put("deletable", finding.kind().deletable());
  }
}
