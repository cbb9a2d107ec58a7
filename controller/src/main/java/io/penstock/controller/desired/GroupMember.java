package io.penstock.controller.desired;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A service that shares the traffic of a group. Immutable as long as nobody changes the backend.
 *
 * @param name of the service
 * @param weight its share, beside those of the others
 * @param backend where requests for its model go, as {@code group}, {@code kind}, {@code name} and
 *     {@code port} of a route's backend
 */
public record GroupMember(String name, long weight, ObjectNode backend) {}
