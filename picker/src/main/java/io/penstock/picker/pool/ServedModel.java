package io.penstock.picker.pool;

/**
 * One entry of a pod's {@code /v1/models} list.
 *
 * @param id the name that requests use
 * @param json the entry as the pod sent it, an object with vLLM's extra fields ({@code root},
 *     {@code parent}, {@code max_model_len}, {@code permission})
 */
public record ServedModel(String id, String json) {}
