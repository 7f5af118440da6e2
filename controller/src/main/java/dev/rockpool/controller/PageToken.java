package dev.rockpool.controller;

import dev.rockpool.storage.Printable;
import dev.rockpool.storage.StorageException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Optional;
import java.util.function.Function;

/**
 * Where a page of a listing begins: after an id. So a listing goes on where it was although volumes
 * came and went, and the driver keeps nothing for it.
 */
final class PageToken {
  private static final String AFTER = "after:";

  private PageToken() {}

  static String after(Object id) {
    return AFTER + id;
  }

  /**
   * The id after which the page begins; empty for the first page.
   *
   * @throws io.grpc.StatusRuntimeException ABORTED if it is no token of ours (CSI: ListVolumes)
   */
  static <I> Optional<I> parse(String token, Function<String, I> parse) {
    if (token.isEmpty()) {
      return Optional.empty();
    }
    try {
      if (token.startsWith(AFTER)) {
        return Optional.of(parse.apply(token.substring(AFTER.length())));
      }
    } catch (StorageException e) {
      throw invalid(token);
    }
    throw invalid(token);
  }

  private static StatusRuntimeException invalid(String token) {
    return Status.ABORTED
        .withDescription(
            "starting_token \""
                + Printable.of(token)
                + "\" is not one that this driver gave; begin"
                + " again without one")
        .asRuntimeException();
  }
}
