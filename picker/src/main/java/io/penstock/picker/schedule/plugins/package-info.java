/**
 * The plugins that profiles are made of, one small class per plugin type. Stateless and shared by
 * all event loops, unless the class says otherwise.
 */
@NullMarked
package io.penstock.picker.schedule.plugins;

import org.jspecify.annotations.NullMarked;
