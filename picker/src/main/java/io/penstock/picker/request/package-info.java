/**
 * What the picker knows of one request: the body is scanned once, as it arrives, into an immutable
 * {@link io.penstock.picker.request.InferenceRequest}. Scanners are confined to one event loop,
 * which pools them; everything they hand out is immutable.
 */
@NullMarked
package io.penstock.picker.request;

import org.jspecify.annotations.NullMarked;
