/**
 * llm-d's EndpointPickerConfig: a strict reader, the definitions of plugins and of their parameters
 * that the reader, the printer and the JSON Schema share, and the policy that comes of it. Also
 * what other configurations are read with.
 *
 * <p>Everything loaded is immutable; files that are followed are owned by the executor that polls.
 */
@NullMarked
package io.penstock.picker.config;

import org.jspecify.annotations.NullMarked;
