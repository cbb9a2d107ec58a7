package io.penstock.controller.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DocumentsTest {

  @Test
  void documents_come_in_order_and_empty_ones_are_skipped() {
    var read = Documents.read("---\na: 1\n---\n---\n# nothing\n---\n{\"b\": [true, null]}\n");

    assertThat(read.errors()).isEmpty();
    assertThat(read.documents())
        .extracting(each -> Json.text(each.tree()))
        .containsExactly("{\"a\":1}", "{\"b\":[true,null]}");
  }

  @Test
  void a_list_is_taken_apart_with_its_lines() {
    var read = Documents.read("kind: List\nitems:\n  - kind: A\n  - kind: B\n    x: {y: 1}\n");

    assertThat(read.documents())
        .extracting(d -> d.tree().get("kind").textValue())
        .containsExactly("A", "B");
    assertThat(read.documents().get(1).line(FieldPath.ROOT.child("x", "y"))).isEqualTo(5);
  }

  @Test
  void yaml_is_read_as_kubectl_reads_it() {
    var tree =
        Sample.yaml(
            """
            octal: 0644
            newOctal: 0o17
            yes: on
            text: "yes"
            time: 2026-01-02
            ratio: 12:30
            big: 123456789012345678901234567890
            float: 1.50
            exponent: 1e3
            nothing: ~
            base: &b {x: 1, y: 2}
            merged: {<<: *b, y: 3}
            """);

    assertThat(Json.text(tree))
        .isEqualTo(
            "{\"octal\":420,\"newOctal\":\"0o17\",\"yes\":true,\"text\":\"yes\","
                + "\"time\":\"2026-01-02\",\"ratio\":\"12:30\","
                + "\"big\":123456789012345678901234567890,\"float\":1.50,\"exponent\":1E+3,"
                + "\"nothing\":null,\"base\":{\"x\":1,\"y\":2},\"merged\":{\"y\":3,\"x\":1}}");
  }

  @Test
  void what_calls_itself_a_number_and_is_none_gives_a_sentence_with_its_line() {
    for (var text : List.of("abc", "''", "0x", "08", "1.5", "_", "0b2", "0x-1", "++1")) {
      var read = text.equals("''") ? "" : text;
      assertThat(Documents.read("a: !!int " + text).errors())
          .as(text)
          .containsExactly("line 1: '" + read + "' is no number of JSON");
    }
    assertThat(Json.text(Sample.yaml("{a: !!int 0x1F, b: !!int '-012', c: !!int 1_000}")))
        .isEqualTo("{\"a\":31,\"b\":-10,\"c\":1000}");
  }

  @Test
  void the_line_of_what_is_absent_is_that_of_what_is_around_it() {
    var document = Documents.read("a:\n  b:\n  - c: 1\n    d[x/y]: 2\n").documents().getFirst();

    assertThat(document.line(FieldPath.ROOT.child("a", "b").index(0).child("c"))).isEqualTo(3);
    assertThat(document.line(FieldPath.ROOT.child("a", "b").index(0).child("z", "q"))).isEqualTo(3);
    assertThat(document.line(FieldPath.ROOT.child("nowhere"))).isEqualTo(1);
  }

  @Test
  void every_kind_of_broken_file_gives_a_sentence_with_its_line() {
    assertThat(Documents.read("a: 1\nb: [1,\n").errors())
        .singleElement()
        .asString()
        .startsWith("line 3: this is not YAML: ");
    assertThat(Documents.read("a: 1\na: 2\n").errors()).containsExactly("line 2: a is there twice");
    assertThat(Documents.read("- a\n").errors())
        .containsExactly("line 1: a manifest must be a mapping");
    assertThat(Documents.read("kind: List\nitems:\n- 7\n").errors())
        .containsExactly("line 3: a manifest must be a mapping");
    assertThat(Documents.read("a: &x [*x]\n").errors()).isNotEmpty();
    assertThat(Documents.read("? [a]\n: 1\n").errors())
        .containsExactly("line 1: a key must be a plain word");
    assertThat(Documents.read("a: .inf\n").errors())
        .containsExactly("line 1: '.inf' is no number of JSON");
    assertThat(Documents.read("a: \"\\UFFFFFFFF\"\n").errors())
        .singleElement()
        .asString()
        .startsWith("line 1: this is not YAML: ");
    assertThat(Documents.read("a: \u0000").errors())
        .singleElement()
        .asString()
        .startsWith("line 1: this is not YAML: ");
  }

  @Test
  void a_document_that_anchors_blow_up_is_refused() {
    var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 8; i++) {
      bomb.append("a%d: &a%d [".formatted(i, i)).append("*a%d, ".formatted(i - 1).repeat(9));
      bomb.append("]\n");
    }

    assertThat(Documents.read(bomb.toString()).errors()).isNotEmpty();
  }

  @Test
  void a_merge_key_that_comes_back_to_itself_is_an_error() {
    for (var text : List.of("a: &a {<<: *a}\n", "a: &a {b: {<<: *a}}\n", "a: {<<: &s [*s]}\n")) {
      assertThat(Documents.read(text).errors())
          .as(text)
          .containsExactly("line 1: an anchor contains itself");
    }
  }

  @Test
  void a_document_that_merge_keys_blow_up_is_refused() {
    var bomb = new StringBuilder("a0: &a0 {}\n");
    for (int i = 1; i <= 15; i++) {
      bomb.append("a%d: &a%d {<<: [*a%d, *a%d, *a%d]}\n".formatted(i, i, i - 1, i - 1, i - 1));
    }

    assertThat(Documents.read(bomb.toString()).errors())
        .singleElement()
        .asString()
        .endsWith("the document has more than 1000000 values");
  }

  @Test
  void what_is_printed_reads_back_as_the_same_trees() {
    var words =
        List.of(
            "yes",
            "No",
            "~",
            "null",
            "1e3",
            "0x1F",
            "0o7",
            "012",
            "1_000",
            "12:30",
            "=",
            "<<",
            "",
            " ",
            "a: b",
            "a #b",
            "- a",
            "2026-01-02",
            "é",
            "line\nline\n",
            "\ttab",
            "'",
            "\"",
            "%",
            "@x",
            "`",
            "{a}",
            "[a]",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "?",
            ".inf",
            "NaN",
            "1.5",
            "+1",
            "true",
            "key",
            "trailing ",
            "a\n\n",
            "\n",
            "--- ",
            "...",
            "\u0001",
            "😀");
    var random = new Random(7);
    for (int round = 0; round < 300; round++) {
      var object = Trees.newObject();
      for (int i = 0; i < 8; i++) {
        var word = words.get(random.nextInt(words.size()));
        object.put(words.get(random.nextInt(words.size())) + i, word);
        object.putArray("list" + i).add(word).add(random.nextInt()).addNull().add(true);
        object.putObject("in" + i).put(word, random.nextLong());
      }
      var text = Documents.print(List.of(object, object));

      var read = Documents.read(text);

      assertThat(read.errors()).as(text).isEmpty();
      assertThat(read.documents()).hasSize(2);
      assertThat(Json.text(read.documents().get(1).tree())).isEqualTo(Json.text(object));
    }
  }
}
