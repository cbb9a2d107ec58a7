/**
 * The gateway's configuration: one tree of records, one list of settings that says for each leaf
 * its name in the file, on the command line and in the environment, and a strict reader.
 *
 * <p>A loaded configuration is immutable. {@link io.penstock.proxy.config.WatchedFiles} and {@link
 * io.penstock.proxy.config.ConfigFile} are owned by the executor that polls them.
 */
@NullMarked
package io.penstock.proxy.config;

import org.jspecify.annotations.NullMarked;
