import ArgumentParser
import HoldfastCore
import HoldfastStorage

struct TenantCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tenant", abstract: "Those for whom scans are run apart from one another.",
    subcommands: [TenantAddCommand.self, TenantListCommand.self])
}

struct TenantAddCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a tenant: its tokens see its scans alone.")

  @Argument(
    help: ArgumentHelp("Lower-case letters, digits and hyphens, at most 63.", valueName: "name"))
  var name: String

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func validate() throws {
    guard TenantScope.isTenantName(name) else {
      throw ValidationError("the name must be 1 to 63 lower-case letters, digits and hyphens")
    }
  }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let added = try await askStore { () async throws(StoreError) in
      try await store.seen(by: .commandLine).addTenant(name, by: "cli")
    }
    await store.close()
    guard let added else { throw CommandFailure(.usage, "there is a tenant \(name)") }
    if output.json {
      try program.printJSON(added)
    } else {
      program.output.write("The tenant \(added.name) is there.\n")
    }
    return .success
  }
}

struct TenantListCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the tenants by name.")

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Database") var database: DatabaseOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let store = try await Composition(program, options: database).openExisting()
    let tenants = try await askStore { () async throws(StoreError) in try await store.tenants() }
    await store.close()
    if output.json {
      try program.printJSON(tenants)
    } else {
      var table = Table(
        ["Name", "Added", "By"].map { Table.Column($0) }, terminal: program.output)
      let rows = tenants.map { tenant in
        [tenant.name, tenant.createdAt.description, tenant.createdBy].map { Table.Cell($0) }
      }
      program.output.write(table.lines(for: rows).joined(separator: "\n") + "\n")
    }
    return .success
  }
}
