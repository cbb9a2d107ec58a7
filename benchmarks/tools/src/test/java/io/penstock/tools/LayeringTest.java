package io.penstock.tools;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who may import whom in the tools. */
@AnalyzeClasses(
    packages = "io.penstock.tools",
    importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {

  @ArchTest
  static final ArchRule noCycles =
      slices().matching("io.penstock.tools.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule routingRulesKnowTheTraceAloneAndNotOurPicker =
      noClasses()
          .that()
          .resideInAnyPackage("..tools.replay.rule..", "..tools.replay.trace..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.penstock.picker..", "io.penstock.simulator..");

  @ArchTest
  static final ArchRule theReplayNeedsNoNetwork =
      noClasses()
          .that()
          .resideInAPackage("..tools.replay..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.netty..");
}
