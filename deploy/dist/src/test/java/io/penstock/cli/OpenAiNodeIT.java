package io.penstock.cli;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The real openai-node SDK, with its own retries, against {@code penstock serve}. */
@Tag("openai")
class OpenAiNodeIT implements SdkContract {

  private static Sdk sdk;
  private static ServedPods pods;

  @BeforeAll
  static void bringUp() throws Exception {
    sdk = Sdk.node();
    pods = new ServedPods();
  }

  @AfterEach
  void settle() {
    pods.settle();
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (pods != null) {
      pods.close();
      sdk.close();
    }
  }

  @Override
  public Sdk sdk() {
    return sdk;
  }

  @Override
  public ServedPods pods() {
    return pods;
  }
}
