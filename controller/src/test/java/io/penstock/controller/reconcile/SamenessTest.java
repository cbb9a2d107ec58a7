package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamenessTest {

  private static final YAMLMapper YAML = new YAMLMapper();

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "equal               | {a: 1}                          | {a: 1}",
        "defaults are added  | {a: {b: 1}}                     | {a: {b: 1, c: 2}, d: 3}",
        "empty is absent     | {a: {}, b: [], c: '', d: null}  | {}",
        "absent is not false | {a: {b: {}}}                    | {a: {}}",
        "quantity            | {limits: {cpu: '1'}}            | {limits: {cpu: 1000m}}",
        "quantity, memory    | {requests: {memory: 1024Mi}}    | {requests: {memory: 1Gi}}",
        "quantity, number    | {limits: {cpu: 2}}              | {limits: {cpu: '2'}}",
        "int or string       | {targetPort: 8000}              | {targetPort: '8000'}",
        "numbers             | {a: 1.0}                        | {a: 1}",
        "keyed list          | {env: [{name: b, value: x}]} | {env: [{name: a}, {name: b, value: x}]}",
        "ports by number     | {p: [{containerPort: 1}]}       | {p: [{containerPort: 1, protocol: TCP}]}",
        "plain list          | {args: [a, b]}                  | {args: [a, b]}",
      })
  void nothing_is_lacking(String what, String desired, String live) {
    assertThat(Sameness.difference(tree(desired), tree(live))).as(what).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "another value       | {a: {b: 1}}              | {a: {b: 2}}              | a.b",
        "a missing member    | {a: {b: 1}}              | {a: {}}                  | a.b",
        "false is a value    | {a: false}               | {}                       | a",
        "zero is a value     | {a: 0}                   | {}                       | a",
        "true is not false   | {a: true}                | {a: false}               | a",
        "true is not 'true'  | {a: true}                | {a: 'true'}              | a",
        "another quantity    | {limits: {cpu: '1'}}     | {limits: {cpu: 1001m}}   | limits.cpu",
        "labels are text     | {labels: {cpu: '1'}}     | {labels: {cpu: 1000m}}   | labels.cpu",
        "order of arguments  | {args: [a, b]}           | {args: [b, a]}           | args[0]",
        "one argument more   | {args: [a]}              | {args: [a, b]}           | args",
        "an element missing  | {env: [{name: a}]}       | {env: [{name: b}]}       | env[0]",
        "another shape       | {a: {b: 1}}              | {a: [1]}                 | a",
        "an emptied value    | {a: ''}                  | {a: x}                   | a",
      })
  void what_is_lacking_is_named(String what, String desired, String live, String path) {
    assertThat(Sameness.difference(tree(desired), tree(live))).as(what).hasValue(path);
  }

  private static JsonNode tree(String yaml) {
    try {
      return YAML.readTree(yaml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
