/**
 * The wiring of the gateway: which parts there are and who knows whom, top to bottom.
 *
 * <p>Started and stopped by one thread; the parts say what they are confined to.
 */
@NullMarked
package io.penstock.proxy.app;

import org.jspecify.annotations.NullMarked;
