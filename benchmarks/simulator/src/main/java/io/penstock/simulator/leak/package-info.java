/**
 * Turns Netty's leak reports into a file that fails the build; used by the tests of every module.
 */
@NullMarked
package io.penstock.simulator.leak;

import org.jspecify.annotations.NullMarked;
