package dev.rockpool.driver.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.rockpool.storage.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;

/**
 * What a command did.
 *
 * @param code its exit code
 * @param out its standard output
 * @param err its standard error
 */
record CommandRun(int code, String out, String err) {

  static CommandRun of(String... arguments) {
    return of(Map.of(), arguments);
  }

  static CommandRun of(Map<String, String> environment, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        new Cli(environment, new PrintWriter(out, true), new PrintWriter(err, true))
            .run(List.of(arguments));
    return new CommandRun(code, out.toString(), err.toString());
  }

  JsonNode json() throws JsonProcessingException {
    return Json.MAPPER.readTree(out);
  }
}
