package io.penstock.simulator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who may know whom in the simulator. */
@AnalyzeClasses(
    packages = "io.penstock.simulator",
    importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {

  @ArchTest
  static final ArchRule theEngineKnowsOnlyJava =
      classes()
          .that()
          .resideInAPackage("io.penstock.simulator.engine")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("io.penstock.simulator.engine", "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule theTextKnowsOnlyJava =
      classes()
          .that()
          .resideInAPackage("io.penstock.simulator.text")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("io.penstock.simulator.text", "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule theMetricsKnowOnlyTheEngine =
      classes()
          .that()
          .resideInAPackage("io.penstock.simulator.metrics")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.penstock.simulator.metrics",
              "io.penstock.simulator.engine",
              "java..",
              "org.jspecify..");

  @ArchTest
  static final ArchRule itKnowsNoOtherModule =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.penstock.picker..",
              "io.penstock.proxy..",
              "io.penstock.controller..",
              "io.penstock.tools..",
              "io.penstock.cli..");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("io.penstock.simulator.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule namesSayWhatAClassIs =
      noClasses().should().haveNameMatching(".*(Util|Utils|Helper|Manager|Common|Impl)");
}
