package io.penstock.proxy.app;

import io.penstock.picker.quality.ErrorHistogram;
import io.penstock.picker.quality.PoolQuality;
import io.penstock.picker.quality.PredictionErrors;
import io.penstock.picker.quality.ShadowStats;
import io.penstock.proxy.exchange.GatewayPool;
import io.penstock.proxy.openai.JsonText;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The JSON under {@code /debug/quality}: what decisions came to, by pool and pod. A number that
 * nothing was measured for is null. Confined to its maker.
 */
final class QualityPage {

  private final StringBuilder json = new StringBuilder("{\"pools\":[");

  private QualityPage() {}

  static String render(List<PoolRuntime> pools) {
    var page = new QualityPage();
    String between = "";
    for (var runtime : pools) {
      page.json.append(between);
      page.pool(runtime.pool());
      between = ",";
    }
    return page.json.append("]}").toString();
  }

  private void pool(GatewayPool pool) {
    json.append("{\"pool\":");
    JsonText.quote(json, pool.name());
    json.append(",\"pods\":[");
    PoolQuality quality = pool.picker().quality();
    String between = "";
    for (var errors : quality.errors()) {
      json.append(between);
      pod(errors);
      between = ",";
    }
    var regret = quality.regret();
    json.append("],\"regret\":{\"evaluated\":").append(regret.evaluated());
    json.append(",\"better\":").append(regret.better());
    number("share", share(regret.better(), regret.evaluated()));
    number("secondsLost", regret.secondsLost());
    json.append("},\"shadow\":");
    shadow(pool.picker().shadow());
    json.append('}');
  }

  private void pod(PredictionErrors errors) {
    json.append("{\"pod\":");
    JsonText.quote(json, errors.endpoint().address());
    json.append(",\"model\":");
    JsonText.quote(json, errors.model());
    json.append(",\"requests\":").append(errors.requests());
    ErrorHistogram ttft = errors.ttft();
    number("ttftErrorSecondsP50", ttft.quantile(0.5));
    number("ttftErrorSecondsP90", ttft.quantile(0.9));
    number("ttftBiasSeconds", ttft.bias());
    number("cachedTokensErrorP50", errors.cachedTokens().quantile(0.5));
    number("cachedTokensBias", errors.cachedTokens().bias());
    json.append('}');
  }

  private void shadow(@Nullable ShadowStats shadow) {
    if (shadow == null) {
      json.append("null");
      return;
    }
    json.append("{\"policy\":");
    JsonText.quote(json, shadow.policy());
    json.append(",\"sampled\":").append(shadow.sampled());
    json.append(",\"disagreed\":").append(shadow.disagreed());
    number("share", share(shadow.disagreed(), shadow.sampled()));
    number("estimatedGainSeconds", shadow.gainSeconds());
    json.append('}');
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  private void number(String name, double value) {
    json.append(",\"").append(name).append("\":");
    json.append(Double.isFinite(value) ? String.format(Locale.ROOT, "%.6f", value) : "null");
  }
}
