package io.penstock.controller.webhook;

import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where our authority and certificate are kept for all replicas: a Secret. Calls may block; they
 * come from one thread at a time.
 */
public interface CertificateStore {

  /**
   * What is kept.
   *
   * @param version changes with every write; a Secret's resourceVersion
   * @param data texts by key
   */
  record Stored(String version, Map<String, String> data) {

    /** Copies the data. */
    public Stored {
      data = Map.copyOf(data);
    }

    /** The keys only: the data are not for logs. */
    @Override
    public String toString() {
      return "Stored[" + version + ", " + data.keySet() + "]";
    }
  }

  /**
   * What is kept now; null when there is nothing yet.
   *
   * @throws IOException when the store cannot be asked
   */
  @Nullable Stored read() throws IOException;

  /**
   * Puts new data in place of what was read.
   *
   * @param before what was read; null to create
   * @return false when somebody else was faster and nothing was written
   * @throws IOException when the store cannot be asked
   */
  boolean replace(@Nullable Stored before, Map<String, String> data) throws IOException;
}
