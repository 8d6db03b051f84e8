import ArgumentParser
import FoundationEssentials

/// What ArgumentParser tells of a command in its machine-readable help
/// (`--experimental-dump-help`): the parts that the manual page needs.
struct CommandInfo: Decodable {
  var commandName: String
  var abstract: String?
  var discussion: String?
  var shouldDisplay: Bool?
  var subcommands: [CommandInfo]?
  var arguments: [Argument]?

  struct Argument: Decodable {
    var kind: String
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    var abstract: String?
    var defaultValue: String?
    var allValues: [String]?
  }

  struct Name: Decodable {
    var kind: String
    var name: String

    var spelling: String { kind == "long" ? "--\(name)" : "-\(name)" }
  }

  private struct Dump: Decodable {
    var command: CommandInfo
  }

  /// Asks `command` for its help.
  init(of command: any ParsableCommand.Type) throws {
    do {
      _ = try command.parseAsRoot(["--experimental-dump-help"])
      throw CommandFailure(.internalError, "the machine-readable help is not there")
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      // Help arrives as an error, as all of ArgumentParser's help does.
      let text = command.message(for: error)
      self = try JSONDecoder().decode(Dump.self, from: [UInt8](text.utf8).data).command
    }
  }
}

extension [UInt8] {
  fileprivate var data: Data { Data(self) }
}
