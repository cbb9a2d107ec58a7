/**
 * Routing rules of other routers, as published, to compare the gateway's picker with: one small
 * class each, behind {@link io.penstock.tools.replay.rule.RoutingRule}. They are the scoring rules
 * alone: gateway queues, saturation detectors and tuned parameters of those products are not here.
 */
@NullMarked
package io.penstock.tools.replay.rule;

import org.jspecify.annotations.NullMarked;
