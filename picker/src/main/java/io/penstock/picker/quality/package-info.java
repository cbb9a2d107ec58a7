/**
 * How good decisions were: what was predicted of each against what came, how often the runner-up
 * would have been better by hindsight, and what another policy would have done. Event loops hand
 * over what has ended; the control thread does the sums, and anyone may read them.
 */
@NullMarked
package io.penstock.picker.quality;

import org.jspecify.annotations.NullMarked;
