package dev.rockpool.driver.cli;

import java.io.PrintWriter;

/** What is told of one thing, a line each. */
final class Details {
  private final PrintWriter out;

  Details(PrintWriter out) {
    this.out = out;
  }

  void line(String what, Object value) {
    out.printf("%-14s %s%n", what, value);
  }
}
