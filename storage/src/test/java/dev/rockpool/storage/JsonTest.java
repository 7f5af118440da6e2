package dev.rockpool.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTest {
  @TempDir private Path directory;

  static Stream<VolumeRecord> records() {
    Attachment held =
        new Attachment(new NodeId("node.a"), AccessMode.MULTI_NODE_READER_ONLY, Access.READ_ONLY);
    VolumeRecord plain = VolumeRecordTest.record("a", Contents.EXT4, AccessMode.values());
    return Stream.of(
        plain,
        plain.withAttachments(List.of(held)).withCapacity(Long.MAX_VALUE, false),
        plain.withState(VolumeRecord.State.CREATING),
        VolumeRecordTest.record(
            "Ä \"b\" \\ \u2028", Contents.DIRECTORY, AccessMode.MULTI_NODE_MULTI_WRITER));
  }

  @ParameterizedTest
  @MethodSource("records")
  void aRecordIsReadAsItWasWritten(VolumeRecord record) throws IOException {
    assertThat(read(new String(Json.bytes(record), StandardCharsets.UTF_8))).isEqualTo(record);
  }

  @Test
  void aRecordReadsWell() {
    assertThat(new String(Json.bytes(record()), StandardCharsets.UTF_8))
        .contains("\"id\" : \"a\"")
        .contains("\"state\" : \"ready\"")
        .contains("\"contents\" : \"ext4\"")
        .contains("\"allocation\" : \"thin\"")
        .contains("\"diskConflict\" : \"node\"")
        .contains("\"createdAt\" : \"2026-01-02T03:04:05.678Z\"")
        .contains("\n");
  }

  @Test
  void aFieldThatIsNotKnownIsRefused() {
    assertRefused(json().replace("\"name\"", "\"later\" : 1, \"name\"")).contains("later");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "2", "-1", "99", "null", "\"one\"", "{}"})
  void anotherVersionIsRefusedWhateverElseIsThere(String version) {
    assertRefused(json().replaceFirst("\"formatVersion\" : 1", "\"formatVersion\" : " + version))
        .contains("formatVersion")
        .contains("this release reads 1");
    assertRefused("{\"formatVersion\" : " + version + ", \"what\" : []}")
        .contains("this release reads 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "{", "{}", "[]", "null", "7", "\u0000\u0000", "\"volume\""})
  void whatIsNoRecordIsRefused(String text) {
    assertRefused(text).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"id\" : \"a\" | \"id\" : \"../a\"",
        "\"id\" : \"a\" | \"id\" : null",
        "\"name\" : \"a\", | ",
        "\"state\" : \"ready\" | \"state\" : \"gone\"",
        "\"state\" : \"ready\" | \"state\" : null",
        "\"capacityBytes\" : 16777216 | \"capacityBytes\" : \"many\"",
        "\"capacityBytes\" : 16777216 | \"capacityBytes\" : 99999999999999999999",
        "\"attachments\" : [ ] | \"attachments\" : null",
      })
  void aFieldThatIsWrongOrMissingIsRefused(String part, String instead) {
    assertThat(json()).contains(part);
    assertRefused(json().replace(part, instead == null ? "" : instead)).isNotEmpty();
  }

  @Test
  void forWhomAVolumeWasMadeIsAFieldThatMayBeMissing() throws IOException {
    assertThat(json()).doesNotContain("requestedBy");
    assertThat(read(json()).requestedBy()).isEmpty();
    VolumeRecord known =
        read(
            json()
                .replace(
                    "\"attachments\" : [ ]",
                    "\"attachments\" : [ ],"
                        + " \"requestedBy\" : {\"namespace\": \"shop\", \"name\": \"data\"}"));
    assertThat(known.requestedBy()).contains(new Requester("shop", "data"));
    assertThat(known.withState(VolumeRecord.State.DELETING).requestedBy())
        .isEqualTo(known.requestedBy());
    assertThat(read(new String(Json.bytes(known), StandardCharsets.UTF_8))).isEqualTo(known);
  }

  @Test
  void aMissingFileIsToldFromABrokenOne() {
    assertThatThrownBy(() -> Json.read(directory.resolve("none"), VolumeRecord.class, 1))
        .isInstanceOf(NoSuchFileException.class);
  }

  private static VolumeRecord record() {
    return VolumeRecordTest.record("a", Contents.EXT4, AccessMode.SINGLE_NODE_WRITER);
  }

  private static String json() {
    return new String(Json.bytes(record()), StandardCharsets.UTF_8);
  }

  private VolumeRecord read(String text) throws IOException {
    Path file = Files.writeString(directory.resolve("volume.json"), text);
    return Json.read(file, VolumeRecord.class, VolumeRecord.FORMAT_VERSION);
  }

  private AbstractStringAssert<?> assertRefused(String text) {
    Throwable thrown = catchThrowable(() -> read(text));
    assertThat(thrown).isInstanceOf(IOException.class);
    return assertThat(thrown.getMessage());
  }
}
