import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct UnlockCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "unlock",
    abstract: "Free an exclusive scope by ending the scan that holds it.",
    discussion: """
      A scope is held by its active scan and freed with it, so that nothing but a scan can hold \
      one. The scan is failed, or cancelled if it is paused. Where a worker is there to end its process, that happens first. `holdfast show` prints \
      the scope of a scan.
      """)

  @Argument(help: ArgumentHelp("The scope, such as library:/srv/media.", valueName: "scope"))
  var scope: String

  @Option(
    name: .long, help: ArgumentHelp("Why; kept with the scan's events.", valueName: "text"),
    transform: OptionText.reason)
  var reason: String

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let outcome = try await askStore { () async throws(StoreError) in
      try await store.unlock(scope: scope, tenantID: "default", by: "cli", reason: reason)
    }
    await store.close()
    let (scan, told): (Scan, String)
    switch outcome {
    case .done(let freed):
      (scan, told) = (
        freed, "Scan \(freed.number) is \(freed.status.rawValue), and its scope is free."
      )
    case .requested(let asked):
      (scan, told) = (
        asked,
        "Scan \(asked.number) is about to be failed by its worker; the scope is free once its "
          + "process has ended."
      )
    case .notAllowed, .scopeHeld, .notFound:
      throw CommandFailure(.failed, "no active scan holds the scope \(DisplayText.escaped(scope))")
    }
    if output.json {
      try program.printJSON(scan)
    } else {
      program.output.write(told + "\n")
    }
    return .success
  }
}
