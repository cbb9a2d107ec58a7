package io.penstock.picker;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.penstock.picker.request.PromptKeys;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.MonitorInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Who may import whom in the picker, and what its code may not do; docs/architecture.md says why.
 */
@AnalyzeClasses(
    packages = "io.penstock.picker",
    importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {

  private static final String ROOT = "io.penstock.picker.";

  private static final Set<String> WAITS = Set.of("get", "join", "sleep", "resultNow");

  private static final String[] CORE =
      packages("pool", "request", "prefix", "signals", "schedule", "cost", "flow", "objective");

  @ArchTest
  static final ArchRule theCoreKnowsNoTransportAndNoFormat =
      noClasses()
          .that()
          .resideInAnyPackage(CORE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.netty..",
              "io.grpc..",
              "com.google.protobuf..",
              "io.envoyproxy..",
              "io.fabric8..",
              "com.fasterxml.jackson..",
              "io.prometheus..")
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule nettyOnlyWhereBytesAreFetchedAndServed =
      onlyIn("io.netty..", "scrape", "discovery", "grpc", "extproc", "replica", "app");

  @ArchTest
  static final ArchRule nettyInDiscoveryIsForNames =
      noClasses()
          .that()
          .resideInAPackage(ROOT + "discovery..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("io.netty..")
                  .and(
                      resideOutsideOfPackages(
                          "io.netty.resolver..",
                          "io.netty.channel..",
                          "io.netty.buffer..",
                          "io.netty.util..",
                          "io.netty.handler.codec.dns..")))
          .allowEmptyShould(true);

  @ArchTest static final ArchRule grpcOnlyInExtproc = onlyIn("io.grpc..", "extproc");

  @ArchTest
  static final ArchRule protobufOnlyInExtproc = onlyIn("com.google.protobuf..", "extproc");

  @ArchTest static final ArchRule envoyOnlyInExtproc = onlyIn("io.envoyproxy..", "extproc");

  @ArchTest
  static final ArchRule kubernetesOnlyInItsDiscovery =
      onlyIn("io.fabric8..", "discovery.kubernetes");

  @ArchTest static final ArchRule pool = imports("pool");
  @ArchTest static final ArchRule request = imports("request");
  @ArchTest static final ArchRule objective = imports("objective");
  @ArchTest static final ArchRule prefix = imports("prefix", "pool", "request");
  @ArchTest static final ArchRule signals = imports("signals", "pool");
  @ArchTest static final ArchRule scrape = imports("scrape", "signals", "pool");

  @ArchTest
  static final ArchRule schedule = imports("schedule", "pool", "request", "prefix", "signals");

  @ArchTest
  static final ArchRule cost = imports("cost", "schedule", "pool", "request", "prefix", "signals");

  @ArchTest
  static final ArchRule config =
      imports("config", "cost", "flow", "objective", "schedule", "signals");

  @ArchTest static final ArchRule explain = imports("explain", "schedule", "pool", "request");
  @ArchTest static final ArchRule quality = imports("quality", "explain", "schedule", "pool");

  @ArchTest static final ArchRule flow = imports("flow", "schedule", "request", "signals", "pool");

  @ArchTest static final ArchRule kvevents = imports("kvevents", "prefix", "pool", "request");
  @ArchTest static final ArchRule discovery = imports("discovery", "objective", "pool");
  @ArchTest static final ArchRule tls = imports("tls");

  @ArchTest
  static final ArchRule replica = imports("replica", "assembly", "request", "signals", "pool");

  @ArchTest static final ArchRule grpc = imports("grpc");

  @ArchTest
  static final ArchRule extproc =
      imports(
          "extproc",
          "assembly",
          "cost",
          "explain",
          "flow",
          "objective",
          "schedule",
          "request",
          "signals",
          "pool",
          "grpc",
          "tls");

  @ArchTest
  static final ArchRule nobodyImportsTheApp =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + "app..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(ROOT + "app..")
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule noCycles =
      slices().matching("io.penstock.picker.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule thePickerStandsAlone =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.penstock.proxy..",
              "io.penstock.controller..",
              "io.penstock.simulator..",
              "io.penstock.tools..",
              "io.penstock.cli..");

  @ArchTest
  static final ArchRule namesSayWhatAClassIs =
      noClasses()
          .should()
          .haveNameMatching(".*(Util|Utils|Helper|Manager|Common|Impl)(\\$.*)?")
          .orShould()
          .haveNameMatching(".*\\.Abstract[A-Z][^.]*");

  @ArchTest
  static final ArchRule noMethodIsSynchronized =
      methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED);

  @ArchTest
  static final ArchRule theCoreDoesNotWait =
      noClasses()
          .that()
          .resideInAnyPackage(CORE)
          .should()
          .callMethodWhere(
              describe(
                  "waits for a thread or a future",
                  (JavaMethodCall call) ->
                      WAITS.contains(call.getName())
                          && (call.getTargetOwner().isAssignableTo(Future.class)
                              || call.getTargetOwner().isAssignableTo(Thread.class))))
          .allowEmptyShould(true);

  @Test
  void noBlockIsSynchronized() throws Exception {
    Path classes =
        Path.of(PromptKeys.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    var found = new ArrayList<String>();
    int seen = 0;
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        for (MethodModel method : ClassFile.of().parse(file).methods()) {
          seen++;
          if (hasMonitor(method)) {
            found.add(classes.relativize(file) + " " + method.methodName().stringValue());
          }
        }
      }
    }
    assertThat(seen).isPositive();
    assertThat(found).isEmpty();
  }

  private static boolean hasMonitor(MethodModel method) {
    return method
        .code()
        .map(code -> code.elementStream().anyMatch(MonitorInstruction.class::isInstance))
        .orElse(false);
  }

  /** Outside of the packages named, nobody depends on {@code library}. */
  private static ArchRule onlyIn(String library, String... allowed) {
    return noClasses()
        .that()
        .resideOutsideOfPackages(packages(allowed))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library);
  }

  /** Of the picker's packages, {@code name} depends on those {@code allowed} and itself only. */
  private static ArchRule imports(String name, String... allowed) {
    return classes()
        .that()
        .resideInAPackage(ROOT + name + "..")
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(packages(allowed))
                .or(resideInAnyPackage(packages(name)))
                .or(resideOutsideOfPackages("io.penstock.picker..")))
        .allowEmptyShould(true);
  }

  private static String[] packages(String... names) {
    return Stream.of(names).map(name -> ROOT + name + "..").toArray(String[]::new);
  }
}
