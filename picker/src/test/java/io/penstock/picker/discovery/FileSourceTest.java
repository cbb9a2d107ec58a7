package io.penstock.picker.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileSourceTest {

  @TempDir private Path folder;
  private final ControlThread control = new ControlThread();
  private final ToldEndpoints told = new ToldEndpoints();
  private Path file;
  private FileSource source;

  @BeforeEach
  void startWithOneEndpoint() throws IOException {
    file = folder.resolve("endpoints.yaml");
    Files.writeString(file, listing("a"));
    source = FileSource.open(file, control.executor());
    source.start(told);
  }

  @AfterEach
  void closeSource() {
    source.close();
    control.close();
  }

  @Test
  void tellsTheFileAtTheStart() {
    assertThat(told.names()).containsExactly("default/a");
    assertThat(source.problem()).isEmpty();
  }

  @Test
  void aFileRewrittenInPlaceIsTakenEvenWithTheSameTimeAndSize() throws IOException {
    FileTime time = Files.getLastModifiedTime(file);
    Files.writeString(file, listing("b"));
    Files.setLastModifiedTime(file, time);
    control.pass(1_200);

    assertThat(told.names()).containsExactly("default/b");
  }

  @Test
  void aFileRenamedOverItIsTaken() throws IOException {
    var next = folder.resolve("next");
    Files.writeString(next, listing("a", "b"));
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    control.pass(1_200);

    assertThat(told.names()).containsExactly("default/a", "default/b");
    assertThat(told.deltas).isEqualTo(2);
  }

  @Test
  void theLinksOfAConfigMapMaySwap() throws IOException {
    var mounted = folder.resolve("mounted");
    for (var version : new String[] {"v1", "v2"}) {
      Files.createDirectories(folder.resolve(version));
      Files.writeString(folder.resolve(version).resolve("endpoints.yaml"), listing(version));
    }
    Files.createSymbolicLink(folder.resolve("data"), Path.of("v1"));
    Files.createSymbolicLink(mounted, Path.of("data/endpoints.yaml"));
    var linked = new ToldEndpoints();
    var linkedSource = FileSource.open(mounted, control.executor());
    linkedSource.start(linked);

    Files.createSymbolicLink(folder.resolve("data.next"), Path.of("v2"));
    Files.move(folder.resolve("data.next"), folder.resolve("data"), StandardCopyOption.ATOMIC_MOVE);
    control.pass(1_200);

    assertThat(linked.names()).containsExactly("default/v2");
    linkedSource.close();
  }

  @Test
  void aBadFileKeepsTheOldEndpointsAndSaysWhereItIsBad() throws IOException {
    Files.writeString(file, listing("b") + "  - nam: c\n");
    control.pass(1_200);

    assertThat(told.names()).containsExactly("default/a");
    assertThat(source.problem())
        .isEqualTo(
            file + " line 3: unknown key \"nam\"; allowed: name, namespace, address, port, labels");

    Files.writeString(file, listing("c"));
    control.pass(1_200);

    assertThat(told.names()).containsExactly("default/c");
    assertThat(source.problem()).isEmpty();
  }

  @Test
  void aMissingFileKeepsTheOldEndpoints() throws IOException {
    Files.delete(file);
    control.pass(5_000);

    assertThat(told.names()).containsExactly("default/a");
    assertThat(source.problem()).isEqualTo(file + " cannot be read: there is no such file");

    Files.writeString(file, listing("a"));
    control.pass(1_200);

    assertThat(told.deltas).isEqualTo(1);
    assertThat(source.problem()).isEmpty();
  }

  @Test
  void aFileThatIsStillBeingWrittenIsNotTaken() throws IOException {
    for (int i = 0; i < 20; i++) {
      Files.writeString(file, "endpoints: []\n" + "#".repeat(i));
      control.pass(i == 0 ? 1_050 : 100);
      assertThat(told.names()).containsExactly("default/a");
    }
    control.pass(200);

    assertThat(told.names()).isEmpty();
  }

  @Test
  void afterAnEscapeThatIsNoCharacterTheFileIsReadOn() throws IOException {
    Files.writeString(file, "endpoints: [{name: \"C:\\Ubadbadbad\"}]");
    control.pass(1_200);
    assertThat(source.problem()).isEqualTo(file + ": the escape of a character is out of range");
    assertThat(told.names()).containsExactly("default/a");

    Files.writeString(file, listing("b"));
    control.pass(1_200);
    assertThat(source.problem()).isEmpty();
    assertThat(told.names()).containsExactly("default/b");
  }

  @Test
  void aChangeThatCannotBeTakenOverIsAProblemAndTheNextOneIsTaken() throws IOException {
    var other = Files.writeString(folder.resolve("other"), "endpoints: []");
    var faulty = FileSource.open(other, control.executor());
    faulty.start(
        delta -> {
          if (delta.upserts().getFirst().name().equals("default/b")) {
            throw new IllegalStateException("no room");
          }
          told.accept(delta);
        });
    Files.writeString(other, listing("b"));
    control.pass(3_000);
    assertThat(faulty.problem()).contains("cannot be taken over", "no room");

    Files.writeString(other, listing("c"));
    control.pass(1_200);
    assertThat(faulty.problem()).isEmpty();
    assertThat(told.names()).contains("default/c");
    faulty.close();
  }

  @Test
  void aSourceThatCannotBeReadAtTheStartSaysSo() {
    var missing = folder.resolve("missing");

    assertThatThrownBy(() -> FileSource.open(missing, control.executor()))
        .isInstanceOf(DiscoveryException.class)
        .hasMessage(missing + " cannot be read: there is no such file");
  }

  @Test
  void afterCloseNothingIsTold() throws IOException {
    source.close();
    Files.writeString(file, listing("b"));
    control.pass(5_000);

    assertThat(told.names()).containsExactly("default/a");
  }

  private static String listing(String... names) {
    var text = new StringBuilder("endpoints:\n");
    for (var name : names) {
      text.append(
          "  - {name: %s, address: 10.0.0.%d, port: \"80\"}\n"
              .formatted(name, name.hashCode() % 200));
    }
    return text.toString();
  }
}
