package io.penstock.proxy;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
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
import io.penstock.proxy.openai.GatewayError;
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

/** Who may import whom in the proxy, and what its code may not do. */
@AnalyzeClasses(
    packages = "io.penstock.proxy",
    importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {

  private static final String ROOT = "io.penstock.proxy.";

  private static final Set<String> WAITS = Set.of("get", "join", "sleep", "resultNow");

  @ArchTest
  static final ArchRule noCycles =
      slices().matching("io.penstock.proxy.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule theWayToThePodsKnowsNoExchange =
      noClasses()
          .that()
          .resideInAnyPackage(ROOT + "upstream..", ROOT + "openai..", ROOT + "metrics..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(ROOT + "exchange..", ROOT + "listen..", ROOT + "admin..");

  @ArchTest
  static final ArchRule exchangesKnowNoListener =
      noClasses()
          .that()
          .resideInAPackage(ROOT + "exchange..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(ROOT + "listen..", ROOT + "admin..", ROOT + "config..");

  @ArchTest
  static final ArchRule nobodyImportsTheApp =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + "app..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(ROOT + "app..");

  @ArchTest
  static final ArchRule openTelemetryOnlyInTheApp =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + "app..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.opentelemetry..");

  @ArchTest
  static final ArchRule theProxyKnowsNoSimulatorAndNoKubernetes =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.penstock.simulator..",
              "io.penstock.controller..",
              "io.penstock.cli..",
              "io.fabric8..",
              "io.grpc..");

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
  static final ArchRule nothingWaits =
      noClasses()
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
        Path.of(GatewayError.class.getProtectionDomain().getCodeSource().getLocation().toURI());
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
}
