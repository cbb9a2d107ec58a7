package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WatchedFilesTest {

  @TempDir private Path folder;
  private final List<String> told = new ArrayList<>();

  private WatchedFiles watch(Path... files) {
    return new WatchedFiles(
        List.of(files),
        contents ->
            told.add(
                contents.stream()
                    .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                    .collect(Collectors.joining("+"))));
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void a_change_is_told_once_with_all_the_files() throws Exception {
    Path one = write("one", "a");
    Path two = write("two", "b");
    try (var files = watch(one, two)) {
      files.poll();
      assertThat(told).isEmpty();

      write("two", "c");
      files.poll();
      files.poll();
      assertThat(told).containsExactly("a+c");
    }
  }

  @Test
  void a_file_that_is_rewritten_as_it_was_is_no_change() throws Exception {
    Path one = write("one", "a");
    try (var files = watch(one)) {
      Files.delete(one);
      files.poll();
      write("one", "a");
      files.poll();
      assertThat(told).isEmpty();
    }
  }

  @Test
  void a_link_that_is_swapped_as_kubernetes_does_is_seen() throws Exception {
    Path first = Files.createDirectory(folder.resolve("first"));
    Path second = Files.createDirectory(folder.resolve("second"));
    Files.writeString(first.resolve("cert"), "a");
    Files.writeString(second.resolve("cert"), "b");
    Path data = Files.createSymbolicLink(folder.resolve("data"), first);
    try (var files = watch(data.resolve("cert"))) {
      Files.delete(data);
      Files.createSymbolicLink(data, second);
      files.poll();
      assertThat(told).containsExactly("b");
    }
  }

  @Test
  void a_file_that_comes_later_is_told() throws Exception {
    try (var files = watch(folder.resolve("late"))) {
      files.poll();
      write("late", "a");
      files.poll();
      assertThat(told).containsExactly("a");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_consumer_that_fails_hears_of_the_next_change(boolean byError) throws Exception {
    Path one = write("one", "a");
    try (var files =
        new WatchedFiles(
            List.of(one),
            contents -> {
              told.add("called");
              if (byError) {
                throw new StackOverflowError("on purpose");
              }
              throw new IllegalStateException("on purpose");
            })) {
      write("one", "b");
      files.poll();
      write("one", "c");
      files.poll();
      assertThat(told).hasSize(2);
    }
  }
}
