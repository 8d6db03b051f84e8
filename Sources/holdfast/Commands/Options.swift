import ArgumentParser

extension ArgumentHelp {
  /// The help of a flag, out of the one table of settings.
  static func setting(_ name: SettingName, _ valueName: String) -> ArgumentHelp {
    let setting = Setting.named(name)
    let plain = "\(setting.documentation) (default: \(setting.fallback.text))"
    return ArgumentHelp(
      plain.replacing("`", with: ""), valueName: valueName)
  }
}

/// Where the scans are kept: what every command but `version` takes.
struct DatabaseOptions: ParsableArguments {
  @Option(name: .long, help: .setting(.database, "url"))
  var database: String?

  @Option(name: .long, help: .setting(.dataDirectory, "folder"), completion: .directory)
  var dataDir: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The file of settings. (default: holdfast.yaml, if there is one)", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  var flags: [SettingName: String] {
    var flags: [SettingName: String] = [:]
    flags[.database] = database
    flags[.dataDirectory] = dataDir
    return flags
  }
}

struct LogOptions: ParsableArguments {
  @Option(
    name: .long, help: .setting(.logLevel, "level"),
    completion: .list(["trace", "debug", "info", "notice", "warning", "error", "critical"]))
  var logLevel: String?

  @Option(
    name: .long, help: .setting(.logFormat, "format"), completion: .list(["text", "json"]))
  var logFormat: String?

  var flags: [SettingName: String] {
    var flags: [SettingName: String] = [:]
    flags[.logLevel] = logLevel
    flags[.logFormat] = logFormat
    return flags
  }
}

struct OutputOptions: ParsableArguments {
  @Flag(name: .long, help: "Print JSON, in the shapes of the API.")
  var json = false
}

/// How much of a long list to print.
struct PageOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("How many to print at most.", valueName: "count"))
  var limit = 50

  @Flag(name: .long, help: "Print all of them, however many.")
  var all = false

  @Option(
    name: .long,
    help: ArgumentHelp("Go on from the next_cursor of an earlier call.", valueName: "cursor"))
  var cursor: String?

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit: \(limit) is not above 0") }
  }
}
