/**
 * The configs that stand behind an LLMInferenceService: built-in presets, the merge of configs and
 * spec into one, and the template language of their string leaves.
 *
 * <p>Pure functions over JSON trees; presets are read once from the jar and immutable.
 */
@NullMarked
package io.penstock.controller.preset;

import org.jspecify.annotations.NullMarked;
