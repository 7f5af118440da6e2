package dev.rockpool.storage;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.InjectableValues;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** How records are written down. */
public final class Json {
  /** What a field has that earlier releases did not write, in their records. */
  static final String ABSENT = "absent";

  /** For everything that the project writes as JSON; unknown fields are refused, never dropped. */
  public static final JsonMapper MAPPER =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .injectableValues(new InjectableValues.Std().addValue(ABSENT, Optional.empty()))
          .build();

  private static final String NONE = "none";

  private Json() {}

  /** A record that is whole, but another release's. */
  static final class OtherVersion extends IOException {
    private static final long serialVersionUID = 1L;

    private OtherVersion(String message) {
      super(message);
    }
  }

  static byte[] bytes(Object value) {
    try {
      return MAPPER.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("can't be written as JSON: " + value, e);
    }
  }

  /**
   * Reads a record whose {@code formatVersion} must be the given one.
   *
   * @throws OtherVersion if it has another version
   * @throws IOException if it can't be read, or is no such record
   */
  static <T> T read(Path file, Class<T> type, int formatVersion) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    try {
      String version = version(bytes);
      if (version.equals(NONE)) {
        throw new IOException(file + " has no formatVersion; this release reads " + formatVersion);
      }
      if (!version.equals("" + formatVersion)) {
        throw new OtherVersion(
            file + " has formatVersion " + version + "; this release reads " + formatVersion);
      }
      return MAPPER.readValue(bytes, type);
    } catch (JsonProcessingException e) {
      throw new IOException(file + ": " + e.getOriginalMessage(), e);
    }
  }

  /** It stands first in what we write: nothing else is looked at, whatever it may be. */
  private static String version(byte[] bytes) throws IOException {
    try (JsonParser parser = MAPPER.createParser(bytes)) {
      if (parser.nextToken() == JsonToken.START_OBJECT) {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          boolean found = parser.currentName().equals("formatVersion");
          parser.nextToken();
          if (found) {
            return parser.getText();
          }
          parser.skipChildren();
        }
      }
      return NONE;
    }
  }
}
