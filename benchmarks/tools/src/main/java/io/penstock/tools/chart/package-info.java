/** Charts as SVG files, for the documentation. */
@NullMarked
package io.penstock.tools.chart;

import org.jspecify.annotations.NullMarked;
