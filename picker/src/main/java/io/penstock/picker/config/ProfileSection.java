package io.penstock.picker.config;

import io.penstock.picker.schedule.plugins.HeaderProfileHandler;
import io.penstock.picker.schedule.plugins.MaxScorePicker;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code schedulingProfiles} and finds what runs them. Confined to the loading thread. */
final class ProfileSection {

  private static final String EVERY = "default: all filters, scorers and pickers there are";
  private static final Shape WEIGHT =
      new Shape.Decimal(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);

  private final YamlMapping root;
  private final PluginSection plugins;
  private final List<ConfigError> warnings;
  private final List<Plugin> inFile;
  private final List<ProfileConfig> profiles = new ArrayList<>();
  private @Nullable Plugin handler;

  /** A section to read; what is added to the plugins after this is in no default profile. */
  ProfileSection(YamlMapping root, PluginSection plugins, List<ConfigError> warnings) {
    this.inFile = List.copyOf(plugins.all());
    this.root = root;
    this.plugins = plugins;
    this.warnings = warnings;
  }

  List<ProfileConfig> profiles() {
    return profiles;
  }

  /** What runs the profiles; null where an error was noted. */
  @Nullable Plugin handler() {
    return handler;
  }

  void read() {
    Set<String> names = new HashSet<>();
    var mappings = root.mappings("schedulingProfiles");
    for (var mapping : mappings) {
      mapping.refuseAllBut(List.of("name", "plugins"));
      var name = mapping.text("name");
      if (name == null || name.isEmpty()) {
        if (!mapping.has("name") || name != null) {
          mapping.error("name", "is missing");
        }
        name = "";
      } else if (!names.add(name)) {
        mapping.error("name", "'" + name + "' is the name of a profile above");
      }
      profiles.add(profile(mapping, name));
    }
    if (mappings.isEmpty()) {
      profiles.add(everything());
    }
    findHandler();
  }

  private ProfileConfig profile(YamlMapping mapping, String name) {
    List<ProfileConfig.Member> members = new ArrayList<>();
    for (var entry : mapping.mappings("plugins")) {
      entry.refuseAllBut(List.of("pluginRef", "weight"));
      var plugin =
          plugins.referredTo(
              entry, "pluginRef", PluginKind.FILTER, PluginKind.SCORER, PluginKind.PICKER);
      double weight = weight(entry);
      if (plugin == null) {
        continue;
      }
      if (entry.has("weight") && !plugin.type().is(PluginKind.SCORER)) {
        warnings.add(entry.at("weight", "has no effect: '" + plugin.name() + "' is no scorer"));
      }
      members.add(
          new ProfileConfig.Member(
              plugin, weight, entry.has("weight"), root.file() + ":" + entry.line("pluginRef")));
    }
    return withPicker(mapping, name, members, root.file() + ":" + mapping.line("name"));
  }

  private static double weight(YamlMapping entry) {
    var text = entry.has("weight") ? entry.text("weight") : "1";
    try {
      return text == null ? 1 : (Double) ParameterReader.scalar(WEIGHT, text);
    } catch (IllegalArgumentException e) {
      entry.error("weight", "'" + text + "' does not fit; allowed: " + WEIGHT.fits());
      return 1;
    }
  }

  private ProfileConfig everything() {
    List<ProfileConfig.Member> members = new ArrayList<>();
    for (var plugin : inFile) {
      if (plugin.type().kinds().stream().anyMatch(PluginKind::isOfProfiles)) {
        members.add(new ProfileConfig.Member(plugin, 1, false, EVERY));
      }
    }
    return withPicker(root, "default", members, EVERY);
  }

  /** A profile has exactly one picker. */
  private ProfileConfig withPicker(
      YamlMapping place, String name, List<ProfileConfig.Member> members, String origin) {
    var own =
        members.stream()
            .map(ProfileConfig.Member::plugin)
            .filter(plugin -> plugin.type().is(PluginKind.PICKER))
            .toList();
    if (own.size() > 1) {
      place.error(
          "plugins",
          "two pickers in profile '%s': '%s' and '%s'"
              .formatted(name, own.getFirst().name(), own.get(1).name()));
    } else if (own.isEmpty()) {
      var there = plugins.of(PluginKind.PICKER);
      var picker =
          there.isEmpty() ? plugins.added(MaxScorePicker.TYPE, "default picker") : there.getFirst();
      members.add(new ProfileConfig.Member(picker, 1, false, "default: first picker there is"));
    }
    return new ProfileConfig(name, members, origin);
  }

  private void findHandler() {
    var handlers = plugins.of(PluginKind.PROFILE_HANDLER);
    if (handlers.size() > 1) {
      error(
          handlers.get(1),
          "'%s' is a second profile handler beside '%s'"
              .formatted(handlers.get(1).name(), handlers.getFirst().name()));
      return;
    }
    if (handlers.isEmpty()) {
      if (profiles.size() > 1) {
        root.error(
            "schedulingProfiles",
            "has %d profiles and no plugin is a profile handler that chooses among them"
                .formatted(profiles.size()));
        return;
      }
      handler = plugins.added(OtherTypes.SINGLE_HANDLER, "default for one profile");
      return;
    }
    var only = handlers.getFirst();
    if (OtherTypes.OF_ONE_PROFILE.contains(only.type().name()) && profiles.size() > 1) {
      error(only, "'" + only.name() + "' runs one profile, and there are " + profiles.size());
    } else if (only.type().name().equals(HeaderProfileHandler.TYPE)) {
      checkDefault(only);
    } else if (DisaggregationTypes.isHandler(only)) {
      checkStages(only);
    }
    handler = only;
  }

  private void checkDefault(Plugin only) {
    var usual = only.parameters().optionalText("defaultProfile");
    var names = profiles.stream().map(ProfileConfig::name).toList();
    var place = plugins.place(only);
    if (profiles.size() > 1 && usual != null && !names.contains(usual) && place != null) {
      warnings.add(
          place.at(
              "type",
              "no profile is called '%s', so requests without the header get no endpoint"
                  .formatted(usual)));
    }
  }

  private void checkStages(Plugin only) {
    var place = plugins.place(only);
    if (place != null) {
      var names = profiles.stream().map(ProfileConfig::name).toList();
      DisaggregationTypes.check(only, place, names, plugins, warnings);
    }
  }

  private void error(Plugin plugin, String message) {
    var place = plugins.place(plugin);
    (place == null ? root : place).error(place == null ? "plugins" : "type", message);
  }
}
