package io.penstock.picker.config;

import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.ParserException;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/**
 * A parser of YAML that ends with an error where mappings and lists are nested too deep: whoever
 * makes nodes of its events takes some stack for each level. Confined to the thread that reads.
 */
final class BoundedParser extends ParserImpl {

  /** Mappings and lists within each other. */
  static final int MOST_NESTED = 200;

  private int nested;

  BoundedParser(LoadSettings settings, String text) {
    super(settings, new StreamReader(settings, text));
  }

  @Override
  public Event next() {
    var event = super.next();
    switch (event.getEventId()) {
      case MappingStart, SequenceStart -> {
        if (++nested > MOST_NESTED) {
          throw new ParserException(
              "mappings and lists are nested deeper than " + MOST_NESTED, event.getStartMark());
        }
      }
      case MappingEnd, SequenceEnd -> nested--;
      default -> {}
    }
    return event;
  }
}
