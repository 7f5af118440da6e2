package dev.rockpool.storage;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How records are written down. */
public final class Json {
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
          .build();

  private Json() {}

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
   * @throws IOException if it can't be read, is no such record, or has another version
   */
  static <T> T read(Path file, Class<T> type, int formatVersion) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    try {
      String version = version(bytes);
      if (!version.equals("" + formatVersion)) {
        throw new IOException(
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
      return "none";
    }
  }
}
