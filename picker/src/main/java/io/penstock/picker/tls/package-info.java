/**
 * Certificates and keys: reading them from PEM, making them, and serving with one that may change.
 *
 * <p>Pure functions, but for {@link io.penstock.picker.tls.CurrentIdentity}.
 */
@NullMarked
package io.penstock.picker.tls;

import org.jspecify.annotations.NullMarked;
