package io.penstock.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** What was built, from the resource that the build fills in. */
final class BuildFacts implements IVersionProvider {

  /** Version of this build, such as {@code 0.1.0-SNAPSHOT}. */
  static String version() {
    return fact("version", "unknown");
  }

  /** Commit of the sources, as {@code -Dpenstock.commit} told the build; empty where it did not. */
  static String commit() {
    return fact("commit", "");
  }

  private static String fact(String name, String otherwise) {
    var facts = new Properties();
    try (InputStream in = BuildFacts.class.getResourceAsStream("build.properties")) {
      if (in != null) {
        facts.load(in);
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return facts.getProperty(name, otherwise);
  }

  @Override
  public String[] getVersion() {
    return new String[] {"penstock " + version(), "java " + Runtime.version()};
  }
}
