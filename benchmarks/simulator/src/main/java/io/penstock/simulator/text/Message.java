package io.penstock.simulator.text;

/**
 * One message of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant}, {@code tool} or any other
 * @param content its text, parts already joined
 */
public record Message(String role, String content) {}
