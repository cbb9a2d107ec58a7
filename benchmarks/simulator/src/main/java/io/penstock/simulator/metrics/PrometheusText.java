package io.penstock.simulator.metrics;

import io.penstock.simulator.engine.Histogram;
import java.math.BigDecimal;

/**
 * Writes metric families in the Prometheus text format as vLLM's Python client does, {@code
 * _created} series included.
 *
 * <p>Confined to one thread; writes into a builder that the caller lends it. Labels are in
 * alphabetical order: {@code engine}, {@code finished_reason}, {@code le}, {@code model_name}, then
 * {@code reason}, {@code sleep_state} or {@code source}.
 */
final class PrometheusText {

  private static final String ENGINE = "{engine=\"0\"";

  private final String modelLabel;
  private final String engineAndModel;
  private final String created;
  private StringBuilder out = new StringBuilder();

  PrometheusText(String modelName, double createdSeconds) {
    modelLabel = "model_name=\"" + escape(modelName) + "\"";
    engineAndModel = ENGINE + "," + modelLabel;
    created = number(createdSeconds);
  }

  /** Where everything that follows goes. */
  void into(StringBuilder target) {
    out = target;
  }

  void head(String name, String help, String type) {
    out.append("# HELP ").append(name).append(' ').append(help).append('\n');
    out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  void gauge(String name, String help, double value) {
    head(name, help, "gauge");
    sample(name, "", value);
  }

  /** A counter without labels of its own; {@code name} has no {@code _total}. */
  void counter(String name, String help, long value) {
    head(name + "_total", help, "counter");
    sample(name + "_total", "", (double) value);
    head(name + "_created", help, "gauge");
    createdSample(name + "_created", "");
  }

  /** A sample with a label behind {@code model_name}, or with none when it is empty. */
  void sample(String name, String lastLabel, double value) {
    labelled(name, lastLabel);
    append(value);
    out.append('\n');
  }

  void createdSample(String name, String lastLabel) {
    labelled(name, lastLabel);
    out.append(created).append('\n');
  }

  /** A counter with one label, one sample for each of its values. */
  void counter(String name, String help, String label, String[] labels, long[] values) {
    head(name + "_total", help, "counter");
    for (int i = 0; i < labels.length; i++) {
      sample(name + "_total", label + "=\"" + labels[i] + "\"", (double) values[i]);
    }
    head(name + "_created", help, "gauge");
    for (String value : labels) {
      createdSample(name + "_created", label + "=\"" + value + "\"");
    }
  }

  /** Like the counter with one label, for one that sorts in front of {@code model_name}. */
  void counterByReason(String name, String help, String[] reasons, long[] values) {
    head(name + "_total", help, "counter");
    for (int i = 0; i < reasons.length; i++) {
      reason(name + "_total", reasons[i]);
      append((double) values[i]);
      out.append('\n');
    }
    head(name + "_created", help, "gauge");
    for (String reason : reasons) {
      reason(name + "_created", reason);
      out.append(created).append('\n');
    }
  }

  /** A counter of the front end: without {@code engine}. */
  void frontEndCounter(String name, String help, String[] reasons, long[] values) {
    head(name + "_total", help, "counter");
    for (int i = 0; i < reasons.length; i++) {
      out.append(name).append("_total{").append(modelLabel);
      out.append(",reason=\"").append(reasons[i]).append("\"} ");
      append((double) values[i]);
      out.append('\n');
    }
    head(name + "_created", help, "gauge");
    for (String reason : reasons) {
      out.append(name).append("_created{").append(modelLabel);
      out.append(",reason=\"").append(reason).append("\"} ").append(created).append('\n');
    }
  }

  void histogram(String name, String help, Histogram histogram) {
    head(name, help, "histogram");
    long below = 0;
    for (int i = 0; i < histogram.boundCount(); i++) {
      below += histogram.bucket(i);
      bucket(name);
      append(histogram.bound(i));
      bucketEnd(below);
    }
    bucket(name);
    out.append("+Inf");
    bucketEnd(histogram.count());
    sample(name + "_count", "", (double) histogram.count());
    sample(name + "_sum", "", histogram.sum());
    head(name + "_created", help, "gauge");
    createdSample(name + "_created", "");
  }

  private void bucket(String name) {
    out.append(name).append("_bucket").append(ENGINE).append(",le=\"");
  }

  private void bucketEnd(long count) {
    out.append("\",").append(modelLabel).append("} ");
    append((double) count);
    out.append('\n');
  }

  private void reason(String name, String reason) {
    out.append(name).append(ENGINE).append(",finished_reason=\"").append(reason).append("\",");
    out.append(modelLabel).append("} ");
  }

  private void labelled(String name, String lastLabel) {
    out.append(name).append(engineAndModel);
    if (!lastLabel.isEmpty()) {
      out.append(',').append(lastLabel);
    }
    out.append("} ");
  }

  private void append(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e6) {
      out.append((long) value).append(".0");
    } else {
      out.append(number(value));
    }
  }

  /** A number as Python's client writes it: shortest digits, an exponent from a million on. */
  static String number(double value) {
    String plain = new BigDecimal(Double.toString(value)).toPlainString();
    int dot = plain.indexOf('.');
    if (dot < 0) {
      plain += ".0";
      dot = plain.length() - 2;
    }
    if (value <= 0 || dot <= 6) {
      return plain;
    }
    String digits = plain.substring(1, dot) + plain.substring(dot + 1);
    int end = digits.length();
    while (end > 0 && digits.charAt(end - 1) == '0') {
      end--;
    }
    String exponent = dot - 1 < 10 ? "0" + (dot - 1) : Integer.toString(dot - 1);
    String fraction = end == 0 ? "" : "." + digits.substring(0, end);
    return plain.charAt(0) + fraction + "e+" + exponent;
  }

  private static String escape(String label) {
    return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }
}
