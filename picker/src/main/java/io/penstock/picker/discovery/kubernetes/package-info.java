/**
 * Endpoints from a Kubernetes API server: the pods that an InferencePool, or a label selector,
 * picks.
 *
 * <p>Informers run on threads of the Kubernetes client; they only say that something changed. The
 * source then reads the informers' stores on the control thread and tells the difference.
 */
@NullMarked
package io.penstock.picker.discovery.kubernetes;

import org.jspecify.annotations.NullMarked;
