import ArgumentParser
import HoldfastServer
import HoldfastStorage

struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "The admin token of the API and the pages.",
    subcommands: [TokenPathCommand.self, TokenRotateCommand.self])
}

struct TokenPathCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "path", abstract: "Print the path of the file that holds the token.")

  @OptionGroup(title: "Database") var database: DatabaseOptions

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    program.output.write(composition.configuration.dataDirectory + "/admin-token\n")
    return .success
  }
}

struct TokenRotateCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Replace the token by a new one; every session ends.",
    discussion: "Prints the path of the file that holds the new token, never the token.")

  @OptionGroup(title: "Database") var database: DatabaseOptions

  func execute(_ program: Program) async throws -> ExitStatus {
    let composition = try Composition(program, options: database)
    try composition.prepareDataDirectory()
    let store = try await composition.openExisting()
    do {
      let path = try await HoldfastServer.rotateAdminToken(
        store: store, dataDirectory: composition.configuration.dataDirectory)
      program.output.write(path + "\n")
    } catch ServerError.store(let error) {
      throw CommandFailure(error)
    } catch {
      throw CommandFailure(.operatingSystem, "\(error)")
    }
    await store.close()
    return .success
  }
}
