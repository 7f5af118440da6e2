package dev.rockpool.driver.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.rockpool.storage.Json;
import java.io.PrintWriter;
import picocli.CommandLine.Option;

/** For whom a command prints its result. */
final class OutputOption {
  private enum Format {
    TABLE,
    JSON
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|json",
      description = "A table for people, or JSON for programs (default: table).")
  private Format format = Format.TABLE;

  boolean json() {
    return format == Format.JSON;
  }

  static void print(PrintWriter out, Object value) {
    try {
      out.println(Json.MAPPER.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("can't be written as JSON: " + value, e);
    }
  }
}
