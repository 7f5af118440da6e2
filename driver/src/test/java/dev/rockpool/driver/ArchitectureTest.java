package dev.rockpool.driver;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.rockpool.storage.StorageException;

/** The rooms of the house, and the arrows between them, which point one way. */
@AnalyzeClasses(
    packages = "dev.rockpool",
    importOptions = {ImportOption.DoNotIncludeTests.class, WithoutGenerated.class})
final class ArchitectureTest {

  @ArchTest
  static final ArchRule ARROWS =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("dev.rockpool..")
          .layer("storage")
          .definedBy("dev.rockpool.storage..")
          .layer("proto")
          .definedBy("dev.rockpool.proto..")
          .layer("identity")
          .definedBy("dev.rockpool.identity..")
          .layer("controller")
          .definedBy("dev.rockpool.controller..")
          .layer("node")
          .definedBy("dev.rockpool.node..")
          .layer("driver")
          .definedBy("dev.rockpool.driver..")
          .whereLayer("storage")
          .mayNotAccessAnyLayer()
          .whereLayer("proto")
          .mayOnlyAccessLayers("storage")
          .whereLayer("identity")
          .mayOnlyAccessLayers("proto")
          .whereLayer("controller")
          .mayOnlyAccessLayers("proto", "storage")
          .whereLayer("node")
          .mayOnlyAccessLayers("proto", "storage")
          .whereLayer("driver")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule EVERY_CLASS_HAS_A_ROOM =
      classes()
          .should()
          .resideInAnyPackage(
              "dev.rockpool.storage..",
              "dev.rockpool.proto..",
              "dev.rockpool.identity..",
              "dev.rockpool.controller..",
              "dev.rockpool.node..",
              "dev.rockpool.driver..");

  /** What storage fails with is a word that all of its packages share. */
  @ArchTest
  static final ArchRule NO_CYCLES =
      slices()
          .matching("dev.rockpool.(**)")
          .should()
          .beFreeOfCycles()
          .ignoreDependency(
              resideInAPackage("dev.rockpool.storage.host"),
              type(StorageException.class).or(type(StorageException.Reason.class)));

  @ArchTest
  static final ArchRule STORAGE_KNOWS_NEITHER_GRPC_NOR_KUBERNETES =
      noClasses()
          .that()
          .resideInAPackage("dev.rockpool.storage..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.grpc..",
              "com.google.protobuf..",
              "io.netty..",
              "io.fabric8..",
              "io.kubernetes..");

  @ArchTest
  static final ArchRule ONE_PLACE_STARTS_PROCESSES =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.rockpool.storage.host")
          .should()
          .dependOnClassesThat(
              type(Process.class)
                  .or(type(ProcessBuilder.class))
                  .or(resideInAPackage("org.apache.commons.exec..")))
          .orShould()
          .callMethodWhere(
              JavaCall.Predicates.target(nameMatching("exec"))
                  .and(
                      JavaCall.Predicates.target(
                          com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With
                              .owner(type(Runtime.class)))));
}
