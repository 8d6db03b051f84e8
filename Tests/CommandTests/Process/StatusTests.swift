import Foundation
import HoldfastCore
import HoldfastStorage
import HoldfastTestKit
import Testing

@testable import holdfast

/// Exit statuses and messages of the real binary.
@Suite struct StatusTests {
  @Test(
    arguments: [
      (["nonsense"], 64), (["lst"], 64), (["list", "--nonsense"], 64),
      (["list", "--limit", "0"], 64),
      (["show"], 64), (["show", "x"], 64), (["scan", "library"], 64),
      (["scan", "library", "/x", "--max-size", "big"], 64),
      (["scan", "library", "/x", "--priority", "101"], 64),
      (["serve", "--port", "http"], 64), (["worker", "--slots", "0"], 64),
      (["list", "--database", "mysql:x"], 64), (["list", "--config", "missing.yaml"], 64),
      (["list", "--status", "stuck"], 64),
      (["list"], 69), (["cancel", "1"], 69),
      (["migrate", "--database", "sqlite:/nowhere/holdfast.db"], 71),
      (["list", "--database", "sqlite:/dev/null/holdfast.db"], 71), (["--help"], 0),
      (["help", "scan"], 0),
      (["version"], 0), (["--version"], 0), (["list", "--help"], 0),
      (["--generate-completion-script", "bash"], 0),
    ] as [([String], Int32)])
  func withoutADatabase(arguments: [String], status: Int32) async throws {
    let result = try await HoldfastProcess.run(arguments)
    #expect(result.end == .exited(status), "\(result.output)\(result.log)")
    #expect(result.output.isEmpty == (status != 0))
    #expect(result.log.isEmpty == (status == 0))
  }

  @Test func anArgumentThatIsNotUTF8IsRefused() {
    let words: [[CChar]] = [[104, 0], [0x2F, -1, 0]]
    let pointers = words.map { strdup($0) }
    defer { pointers.forEach { free($0) } }
    var arguments = pointers + [nil]
    let failure = Main.unreadable(2, &arguments)
    #expect(failure?.status == .usage)
    #expect(failure?.title == "argument 1, “/\u{FFFD}”, is not UTF-8")
    #expect(Main.unreadable(1, &arguments) == nil)
  }

  @Test func badEnvironmentIsAMatterOfConfiguration() async throws {
    let result = try await HoldfastProcess.run(
      ["list"], environment: ["HOLDFAST_SLOTS": "many"])
    #expect(result.end == .exited(78))
    #expect(
      result.log
        == "holdfast: the environment variable HOLDFAST_SLOTS: “many” is not a whole number from 0 "
        + "to 1024\n")
  }

  @Test func failuresAreJSONWhereAsked() async throws {
    let stage = try Stage()
    for (arguments, code) in [
      (["list", "--json"], "database_unavailable"), (["show", "x", "--json"], "usage"),
      (["list", "--json", "--database", "mysql:x"], "usage"),
    ] {
      let result = try await HoldfastProcess.run(arguments + ["--data-dir", stage.data])
      let failure = try JSONDecoder().decode(JSONValue.self, from: Data(result.log.utf8))
      #expect(failure["code"]?.stringValue == code)
      #expect(failure["title"]?.stringValue?.isEmpty == false)
    }
  }

  @Test func passwordsAreNeverPrinted() async throws {
    let url = "postgres://me:very-secret@127.0.0.1:1/nothing?connect_timeout=1"
    for arguments in [["list"], ["migrate"], ["list", "--json"]] {
      let result = try await HoldfastProcess.run(arguments, environment: ["DATABASE_URL": url])
      #expect(result.end == .exited(69))
      #expect(!result.log.contains("very-secret"))
    }
  }

  @Test func migratesOnce() async throws {
    let stage = try Stage()
    let first = try await stage.run("migrate")
    #expect(first.status == 0)
    #expect(first.output.hasPrefix("Applied 1: "), "\(first.output)")
    let again = try await stage.run("migrate")
    #expect(again.output == "The schema is up to date.\n")
  }

  @Test func aDryRunChangesNothing() async throws {
    let stage = try Stage()
    let result = try await stage.run("migrate", "--dry-run")
    #expect(result.status == 0)
    #expect(result.output.contains("Would apply 1: "))
    #expect(result.output.contains("CREATE TABLE"))
    #expect(!FileManager.default.fileExists(atPath: stage.database))
    let json = try await stage.run("migrate", "--dry-run", "--json")
    let told = try JSONDecoder().decode(MigrationResult.self, from: Data(json.output.utf8))
    #expect(told.dryRun)
    #expect(told.steps.first?.number == 1)
  }
}
