package io.penstock.cli;

/** Whether a person is looking. Stateless. */
final class Terminal {

  private Terminal() {}

  /** Whether standard input and output are a terminal. */
  @SuppressWarnings("SystemConsoleNull") // null where the console module is left out
  static boolean attached() {
    var console = System.console();
    return console != null && console.isTerminal();
  }
}
