package io.penstock.picker.scrape;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;

/**
 * How a pool's endpoints are scraped and on whose threads.
 *
 * @param loops outlive the scraper
 * @param channels makes client channels that fit the loops
 * @param config paces and bounds
 */
public record Scraping(
    EventLoopGroup loops, ChannelFactory<? extends Channel> channels, ScrapeConfig config) {}
