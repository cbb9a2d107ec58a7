/**
 * Traffic that a process gives itself over loopback before it takes others': pods that answer at
 * once, and clients that ask for all they are worth. Everything lives on one event loop of its own
 * and ends with the warm-up; what is between the two is a whole gateway that nobody else sees.
 */
@NullMarked
package io.penstock.proxy.warmup;

import org.jspecify.annotations.NullMarked;
