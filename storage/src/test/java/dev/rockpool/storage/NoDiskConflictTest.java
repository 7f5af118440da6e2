package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The rule's tables, row by row; {@link NoDiskConflictRandomTest} tries what is between them. */
final class NoDiskConflictTest {
  private static final NodeId HERE = new NodeId("here");
  private static final NodeId THERE = new NodeId("there");

  @ParameterizedTest
  @EnumSource(AccessMode.class)
  void aFreeVolumeGoesToAnyoneInAnyMode(AccessMode mode) {
    for (Access access : Access.values()) {
      for (boolean shareable : List.of(false, true)) {
        assertThat(NoDiskConflict.attach(List.of(), new Attachment(HERE, mode, access), shareable))
            .isInstanceOf(NoDiskConflict.Verdict.Granted.class);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      useHeadersInDisplayName = true,
      delimiter = '|',
      textBlock =
          """
          held                                | asked                              | verdict
          MULTI_NODE_READER_ONLY READ_ONLY    | MULTI_NODE_READER_ONLY READ_ONLY   | Granted
          MULTI_NODE_READER_ONLY READ_ONLY    | MULTI_NODE_MULTI_WRITER READ_ONLY  | Granted
          MULTI_NODE_MULTI_WRITER READ_ONLY   | MULTI_NODE_MULTI_WRITER READ_ONLY  | Granted
          MULTI_NODE_SINGLE_WRITER READ_ONLY  | MULTI_NODE_READER_ONLY READ_ONLY   | Granted
          MULTI_NODE_READER_ONLY READ_ONLY    | MULTI_NODE_MULTI_WRITER READ_WRITE | Conflict
          MULTI_NODE_READER_ONLY READ_ONLY    | MULTI_NODE_SINGLE_WRITER READ_WRITE | Conflict
          MULTI_NODE_READER_ONLY READ_ONLY    | SINGLE_NODE_WRITER READ_WRITE      | Conflict
          MULTI_NODE_READER_ONLY READ_ONLY    | SINGLE_NODE_MULTI_WRITER READ_WRITE | Conflict
          MULTI_NODE_READER_ONLY READ_ONLY    | SINGLE_NODE_READER_ONLY READ_ONLY  | Conflict
          MULTI_NODE_READER_ONLY READ_ONLY    | SINGLE_NODE_MULTI_WRITER READ_ONLY | Conflict
          SINGLE_NODE_READER_ONLY READ_ONLY   | SINGLE_NODE_READER_ONLY READ_ONLY  | Conflict
          SINGLE_NODE_READER_ONLY READ_ONLY   | MULTI_NODE_READER_ONLY READ_ONLY   | Conflict
          SINGLE_NODE_WRITER READ_ONLY        | MULTI_NODE_READER_ONLY READ_ONLY   | Conflict
          SINGLE_NODE_WRITER READ_WRITE       | SINGLE_NODE_WRITER READ_WRITE      | Conflict
          SINGLE_NODE_WRITER READ_WRITE       | MULTI_NODE_READER_ONLY READ_ONLY   | Conflict
          SINGLE_NODE_SINGLE_WRITER READ_WRITE | SINGLE_NODE_SINGLE_WRITER READ_WRITE | Conflict
          SINGLE_NODE_MULTI_WRITER READ_WRITE | SINGLE_NODE_MULTI_WRITER READ_WRITE | Conflict
          SINGLE_NODE_MULTI_WRITER READ_WRITE | SINGLE_NODE_READER_ONLY READ_ONLY  | Conflict
          MULTI_NODE_MULTI_WRITER READ_WRITE  | MULTI_NODE_READER_ONLY READ_ONLY   | Conflict
          MULTI_NODE_MULTI_WRITER READ_WRITE  | MULTI_NODE_MULTI_WRITER READ_WRITE | Conflict
          MULTI_NODE_SINGLE_WRITER READ_WRITE | MULTI_NODE_READER_ONLY READ_ONLY   | Conflict
          """)
  void anotherNodeGetsAnOrdinaryVolumeBesideItsHolder(String held, String asked, String verdict) {
    assertThat(attach(attachment(THERE, held), attachment(HERE, asked), false)).isEqualTo(verdict);
  }

  @ParameterizedTest
  @CsvSource(
      useHeadersInDisplayName = true,
      delimiter = '|',
      textBlock =
          """
          held                                | asked                               | verdict
          MULTI_NODE_MULTI_WRITER READ_WRITE  | MULTI_NODE_MULTI_WRITER READ_WRITE  | Granted
          MULTI_NODE_MULTI_WRITER READ_WRITE  | MULTI_NODE_MULTI_WRITER READ_ONLY   | Granted
          MULTI_NODE_MULTI_WRITER READ_WRITE  | MULTI_NODE_READER_ONLY READ_ONLY    | Granted
          MULTI_NODE_READER_ONLY READ_ONLY    | MULTI_NODE_MULTI_WRITER READ_WRITE  | Granted
          MULTI_NODE_READER_ONLY READ_ONLY    | MULTI_NODE_SINGLE_WRITER READ_WRITE | Granted
          MULTI_NODE_SINGLE_WRITER READ_WRITE | MULTI_NODE_READER_ONLY READ_ONLY    | Granted
          MULTI_NODE_SINGLE_WRITER READ_WRITE | MULTI_NODE_SINGLE_WRITER READ_ONLY  | Granted
          MULTI_NODE_SINGLE_WRITER READ_WRITE | MULTI_NODE_SINGLE_WRITER READ_WRITE | Conflict
          MULTI_NODE_SINGLE_WRITER READ_WRITE | MULTI_NODE_MULTI_WRITER READ_WRITE  | Conflict
          MULTI_NODE_MULTI_WRITER READ_WRITE  | MULTI_NODE_SINGLE_WRITER READ_WRITE | Conflict
          SINGLE_NODE_WRITER READ_WRITE       | MULTI_NODE_MULTI_WRITER READ_WRITE  | Conflict
          SINGLE_NODE_READER_ONLY READ_ONLY   | MULTI_NODE_READER_ONLY READ_ONLY    | Conflict
          MULTI_NODE_MULTI_WRITER READ_WRITE  | SINGLE_NODE_MULTI_WRITER READ_WRITE | Conflict
          """)
  void anotherNodeGetsAShareableVolumeBesideItsHolder(String held, String asked, String verdict) {
    assertThat(attach(attachment(THERE, held), attachment(HERE, asked), true)).isEqualTo(verdict);
  }

  @ParameterizedTest
  @CsvSource({
    "SINGLE_NODE_WRITER READ_WRITE, SINGLE_NODE_WRITER READ_WRITE, Held",
    "MULTI_NODE_READER_ONLY READ_ONLY, MULTI_NODE_READER_ONLY READ_ONLY, Held",
    "SINGLE_NODE_WRITER READ_WRITE, SINGLE_NODE_WRITER READ_ONLY, Differs",
    "SINGLE_NODE_WRITER READ_ONLY, SINGLE_NODE_WRITER READ_WRITE, Differs",
    "SINGLE_NODE_WRITER READ_WRITE, SINGLE_NODE_MULTI_WRITER READ_WRITE, Differs",
    "MULTI_NODE_READER_ONLY READ_ONLY, SINGLE_NODE_WRITER READ_WRITE, Differs",
    "MULTI_NODE_MULTI_WRITER READ_WRITE, MULTI_NODE_MULTI_WRITER READ_ONLY, Differs",
  })
  void theSameNodeGetsOnlyWhatItHas(String held, String asked, String verdict) {
    for (boolean shareable : List.of(false, true)) {
      assertThat(attach(attachment(HERE, held), attachment(HERE, asked), shareable))
          .isEqualTo(verdict);
    }
  }

  @Test
  void aRefusalNamesTheHolderThatIsInTheWay() {
    Attachment reader = new Attachment(THERE, AccessMode.MULTI_NODE_READER_ONLY, Access.READ_ONLY);
    Attachment writer =
        new Attachment(
            new NodeId("writer"), AccessMode.MULTI_NODE_SINGLE_WRITER, Access.READ_WRITE);
    Attachment asked = new Attachment(HERE, AccessMode.MULTI_NODE_MULTI_WRITER, Access.READ_WRITE);
    assertThat(NoDiskConflict.attach(List.of(reader, writer), asked, true))
        .isEqualTo(new NoDiskConflict.Verdict.Conflict<>(writer));
  }

  @Test
  void aNodesOwnHoldDecidesBeforeThoseOfOthers() {
    Attachment others = new Attachment(THERE, AccessMode.MULTI_NODE_READER_ONLY, Access.READ_ONLY);
    Attachment own = new Attachment(HERE, AccessMode.MULTI_NODE_READER_ONLY, Access.READ_ONLY);
    assertThat(NoDiskConflict.attach(List.of(others, own), own, false))
        .isEqualTo(new NoDiskConflict.Verdict.Held<>(own));
  }

  /** CSI: NodePublishVolume, second call: one row for each mode. */
  @ParameterizedTest
  @CsvSource(
      useHeadersInDisplayName = true,
      delimiter = '|',
      textBlock =
          """
          mode                      | sameSame | sameOther | otherSame | otherOther
          MULTI_NODE_READER_ONLY    | Held     | Differs   | Granted   | Granted
          MULTI_NODE_SINGLE_WRITER  | Held     | Differs   | Granted   | Granted
          MULTI_NODE_MULTI_WRITER   | Held     | Differs   | Granted   | Granted
          SINGLE_NODE_MULTI_WRITER  | Held     | Differs   | Granted   | Granted
          SINGLE_NODE_SINGLE_WRITER | Held     | Differs   | Conflict  | Conflict
          SINGLE_NODE_WRITER        | Held     | Differs   | Conflict  | Conflict
          SINGLE_NODE_READER_ONLY   | Held     | Differs   | Conflict  | Conflict
          """)
  void aSecondPublishOnTheNode(
      AccessMode mode, String sameSame, String sameOther, String otherSame, String otherOther) {
    NoDiskConflict.Target held = target("/a", mode, Access.READ_WRITE);
    assertThat(publish(held, held, DiskConflict.NODE)).isEqualTo(sameSame);
    assertThat(publish(held, target("/a", mode, Access.READ_ONLY), DiskConflict.NODE))
        .isEqualTo(sameOther);
    assertThat(publish(held, target("/b", mode, Access.READ_WRITE), DiskConflict.NODE))
        .isEqualTo(otherSame);
    assertThat(publish(held, target("/b", mode, Access.READ_ONLY), DiskConflict.NODE))
        .isEqualTo(otherOther);
  }

  @ParameterizedTest
  @CsvSource({
    "READ_ONLY, READ_ONLY, Granted",
    "READ_ONLY, READ_WRITE, Conflict",
    "READ_WRITE, READ_ONLY, Conflict",
    "READ_WRITE, READ_WRITE, Conflict",
  })
  void theLiteralRuleAllowsASecondTargetAmongReadersOnly(
      Access held, Access asked, String verdict) {
    AccessMode mode = AccessMode.SINGLE_NODE_MULTI_WRITER;
    assertThat(publish(target("/a", mode, held), target("/b", mode, asked), DiskConflict.POD))
        .isEqualTo(verdict);
  }

  @Test
  void theLiteralRuleDoesNotBindAShareableVolume() {
    AccessMode mode = AccessMode.MULTI_NODE_MULTI_WRITER;
    assertThat(
            NoDiskConflict.publish(
                List.of(target("/a", mode, Access.READ_WRITE)),
                target("/b", mode, Access.READ_WRITE),
                DiskConflict.POD,
                true))
        .isInstanceOf(NoDiskConflict.Verdict.Granted.class);
  }

  @Test
  void theLiteralRuleDoesNotWidenAModeOfOneTarget() {
    AccessMode mode = AccessMode.SINGLE_NODE_READER_ONLY;
    NoDiskConflict.Target held = target("/a", mode, Access.READ_ONLY);
    assertThat(publish(held, target("/b", mode, Access.READ_ONLY), DiskConflict.POD))
        .isEqualTo("Conflict");
  }

  @Test
  void aDeviceAndADirectoryAtOneTargetDiffer() {
    AccessMode mode = AccessMode.SINGLE_NODE_MULTI_WRITER;
    NoDiskConflict.Target device = new NoDiskConflict.Target("/a", true, mode, Access.READ_WRITE);
    assertThat(publish(device, target("/a", mode, Access.READ_WRITE), DiskConflict.NODE))
        .isEqualTo("Differs");
  }

  private static String attach(Attachment held, Attachment asked, boolean shareable) {
    return NoDiskConflict.attach(List.of(held), asked, shareable).getClass().getSimpleName();
  }

  private static String publish(
      NoDiskConflict.Target held, NoDiskConflict.Target asked, DiskConflict diskConflict) {
    return NoDiskConflict.publish(List.of(held), asked, diskConflict, false)
        .getClass()
        .getSimpleName();
  }

  private static Attachment attachment(NodeId node, String modeAndAccess) {
    List<String> words = List.of(modeAndAccess.split(" ", -1));
    return new Attachment(
        node, AccessMode.valueOf(words.getFirst()), Access.valueOf(words.getLast()));
  }

  private static NoDiskConflict.Target target(String path, AccessMode mode, Access access) {
    return new NoDiskConflict.Target(path, false, mode, access);
  }
}
