/**
 * The listeners for people and for Kubernetes: liveness, readiness, metrics, configuration, what
 * the picker decided, and drain. Apart from the data listener in port and pipeline; knows the rest
 * of the gateway only as an {@link io.penstock.proxy.admin.AdminView}.
 */
@NullMarked
package io.penstock.proxy.admin;

import org.jspecify.annotations.NullMarked;
