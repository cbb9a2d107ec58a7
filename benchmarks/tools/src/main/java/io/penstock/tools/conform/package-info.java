/**
 * The EPP conformance suite: plays Envoy's side of ext_proc towards any endpoint picker and says
 * which requirements of the endpoint picker protocol it meets. Knows the protocol alone, nothing of
 * this project's picker. One thread runs the checks, one after another.
 */
@NullMarked
package io.penstock.tools.conform;

import org.jspecify.annotations.NullMarked;
