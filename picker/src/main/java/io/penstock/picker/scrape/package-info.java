/**
 * Fetches each endpoint's {@code /metrics} and {@code /v1/models} over one keep-alive connection
 * per endpoint: {@link io.penstock.picker.scrape.Scraper} starts and stops the work for the
 * endpoints of a pool on the control thread; everything of one endpoint is confined to one event
 * loop and writes that endpoint's row of {@link io.penstock.picker.signals.EngineSignals}.
 */
@NullMarked
package io.penstock.picker.scrape;

import org.jspecify.annotations.NullMarked;
