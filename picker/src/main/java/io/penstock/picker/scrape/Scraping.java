package io.penstock.picker.scrape;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import org.jspecify.annotations.Nullable;

/**
 * How a pool's endpoints are scraped and on whose threads.
 *
 * @param loops outlive the scraper
 * @param channels makes client channels that fit the loops
 * @param tls how TLS is spoken to the pods; null: plain text
 * @param config paces and bounds
 */
public record Scraping(
    EventLoopGroup loops,
    ChannelFactory<? extends Channel> channels,
    @Nullable PodTls tls,
    ScrapeConfig config) {}
