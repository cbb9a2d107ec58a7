package io.penstock.controller;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;

/** Who may import whom in the controller. */
@AnalyzeClasses(
    packages = "io.penstock.controller",
    importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {

  private static final String ROOT = "io.penstock.controller.";

  @ArchTest static final ArchRule api = imports("api");
  @ArchTest static final ArchRule preset = imports("preset", "api");
  @ArchTest static final ArchRule desired = imports("desired", "api", "preset");
  @ArchTest static final ArchRule webhook = imports("webhook", "api");
  @ArchTest static final ArchRule reconcile = imports("reconcile", "api", "preset", "desired");

  @ArchTest
  static final ArchRule noCycles =
      slices().matching(ROOT + "(*)..").should().beFreeOfCycles().allowEmptyShould(true);

  @ArchTest
  static final ArchRule pureRoomsTalkToNobody =
      noClasses()
          .that()
          .resideInAnyPackage(ROOT + "api..", ROOT + "preset..", ROOT + "desired..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.netty..", "io.fabric8.kubernetes.client..", "io.prometheus..")
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule nettyOnlyInTheWebhookServer =
      noClasses()
          .that()
          .resideOutsideOfPackages(ROOT + "webhook..", ROOT + "app..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.netty..")
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule theControllerKnowsNoProxyAndNoSimulator =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.penstock.proxy..", "io.penstock.simulator..", "io.penstock.cli..", "io.grpc..")
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule namesSayWhatAClassIs =
      noClasses()
          .should()
          .haveNameMatching(".*(Util|Utils|Helper|Manager|Common|Impl)(\\$.*)?")
          .orShould()
          .haveNameMatching(".*\\.Abstract[A-Z][^.]*")
          .allowEmptyShould(true);

  private static ArchRule imports(String room, String... others) {
    var allowed =
        Stream.concat(Stream.of(room), Stream.of(others))
            .map(each -> ROOT + each + "..")
            .toArray(String[]::new);
    return classes()
        .that()
        .resideInAPackage(ROOT + room + "..")
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(allowed).or(resideOutsideOfPackage("io.penstock.controller..")))
        .allowEmptyShould(true);
  }
}
