/** The {@code penstock} command: one small class per subcommand, no state. */
@NullMarked
package io.penstock.cli;

import org.jspecify.annotations.NullMarked;
