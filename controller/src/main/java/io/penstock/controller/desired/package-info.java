/**
 * The objects that a merged LLMInferenceService wants to have in its namespace, as pure functions
 * from spec to JSON trees.
 */
@NullMarked
package io.penstock.controller.desired;

import org.jspecify.annotations.NullMarked;
