import ArgumentParser

/// Prints the reference documents that are made out of this program itself.
struct ReferenceCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "reference", abstract: "Print a generated document.", shouldDisplay: false)

  enum Document: String, CaseIterable, ExpressibleByArgument {
    case manual, configuration
    case exitStatuses = "exit-statuses"
  }

  @Argument var document: Document

  func execute(_ program: Program) async throws -> ExitStatus {
    switch document {
    case .manual: program.output.write(try ManualPage.text(of: HoldfastCommand.self))
    case .configuration: program.output.write(ConfigurationReference.text)
    case .exitStatuses: program.output.write(ExitStatus.table)
    }
    return .success
  }
}
