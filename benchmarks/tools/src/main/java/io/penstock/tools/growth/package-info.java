/** What a cost does as its cause grows: charts of the benchmarks' results. */
@NullMarked
package io.penstock.tools.growth;

import org.jspecify.annotations.NullMarked;
