package io.penstock.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Rows in columns as wide as their widest cell. Confined to its maker. */
final class TextTable {

  private record Cell(String text, UnaryOperator<String> ink) {}

  private final List<String> heads;
  private final boolean[] right;
  private final List<List<Cell>> rows = new ArrayList<>();

  /**
   * An empty table.
   *
   * @param heads of the columns; one that begins with {@code >} is of numbers, set to the right
   */
  TextTable(List<String> heads) {
    this.heads =
        heads.stream().map(head -> head.startsWith(">") ? head.substring(1) : head).toList();
    this.right = new boolean[heads.size()];
    for (int i = 0; i < right.length; i++) {
      right[i] = heads.get(i).startsWith(">");
    }
  }

  /** A row to be filled. */
  TextTable row() {
    rows.add(new ArrayList<>());
    return this;
  }

  /** The next cell of the newest row. */
  TextTable cell(String text) {
    return cell(text, UnaryOperator.identity());
  }

  /** The next cell of the newest row, in a colour that takes no place. */
  TextTable cell(String text, UnaryOperator<String> ink) {
    rows.getLast().add(new Cell(text, ink));
    return this;
  }

  /** The lines, heads first, without trailing blanks. */
  List<String> lines(Ink ink) {
    int[] widths = new int[heads.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = heads.get(i).length();
      for (var row : rows) {
        widths[i] = Math.max(widths[i], i < row.size() ? row.get(i).text().length() : 0);
      }
    }
    List<String> lines = new ArrayList<>();
    lines.add(line(heads.stream().map(head -> new Cell(head, ink::faint)).toList(), widths));
    rows.forEach(row -> lines.add(line(row, widths)));
    return lines;
  }

  private String line(List<Cell> cells, int[] widths) {
    var line = new StringBuilder();
    for (int i = 0; i < cells.size(); i++) {
      var cell = cells.get(i);
      var blanks = " ".repeat(widths[i] - cell.text().length());
      line.append(i == 0 ? "" : "  ");
      if (right[i]) {
        line.append(blanks).append(cell.ink().apply(cell.text()));
      } else {
        line.append(cell.ink().apply(cell.text()));
        line.append(i + 1 == cells.size() ? "" : blanks);
      }
    }
    return line.toString().stripTrailing();
  }
}
