/**
 * TLS of the ext-proc address: a certificate made at start, or one in files that may change, and
 * optionally the certificates that clients must have.
 */
@NullMarked
package io.penstock.picker.extproc.tls;

import org.jspecify.annotations.NullMarked;
