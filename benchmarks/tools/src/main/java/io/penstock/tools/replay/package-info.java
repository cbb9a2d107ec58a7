/**
 * Replays a trace through a routing policy over simulated engines, in virtual time: the gateway's
 * own picker code, or another router's rule. One thread; a replay repeats exactly from its seed.
 */
@NullMarked
package io.penstock.tools.replay;

import org.jspecify.annotations.NullMarked;
