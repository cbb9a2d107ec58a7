/**
 * The gateway's configuration: one tree of records, one list of settings that says for each leaf
 * its name in the file, on the command line and in the environment, and a strict reader.
 *
 * <p>A loaded configuration is immutable. {@link io.penstock.proxy.config.ConfigFile} is owned by
 * the executor that polls it.
 */
@NullMarked
package io.penstock.proxy.config;

import org.jspecify.annotations.NullMarked;
