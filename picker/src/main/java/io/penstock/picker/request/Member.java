package io.penstock.picker.request;

/**
 * A top-level member of the body that means something. Immutable.
 *
 * @param index place in its {@link MemberTable}, below 64
 */
record Member(String name, Meaning meaning, int index) {}
