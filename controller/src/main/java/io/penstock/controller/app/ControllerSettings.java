package io.penstock.controller.app;

import io.penstock.controller.desired.ClusterFacts;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a controller runs. Immutable.
 *
 * @param facts names, images and defaults for rendering; what the cluster serves is found out
 * @param workers services that are reconciled at a time
 * @param admin where /livez, /readyz and /metrics are served
 * @param namespace of the Lease
 * @param lease name of the Lease by which replicas choose who reconciles
 * @param identity of this replica; no other has it
 * @param kindsEvery from one look for optional kinds, such as HTTPRoute, to the next
 * @param webhooks how the API server reaches the webhooks; null: they are not served
 */
public record ControllerSettings(
    ClusterFacts facts,
    int workers,
    InetSocketAddress admin,
    String namespace,
    String lease,
    String identity,
    Duration kindsEvery,
    @Nullable WebhookSettings webhooks) {}
