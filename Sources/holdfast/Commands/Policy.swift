import ArgumentParser
import HoldfastCore

struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Print what holds for a kind of scan or a target.",
    subcommands: [PolicyShowCommand.self], defaultSubcommand: PolicyShowCommand.self)
}

struct PolicyShowCommand: HoldfastSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print each limit with where it is from, and how long a fault can last at most.",
    discussion: """
      A value comes from the kind's own defaults, then the preset, then the kind's policy in \
      holdfast.yaml, then that of the targets that match; the later one wins, field by field.
      """)

  @Argument(
    help: ArgumentHelp(
      "The kind of scan: \(PolicyBook.kindNames.joined(separator: ", ")), or one of your own.",
      valueName: "kind"),
    completion: .list(PolicyBook.kindNames))
  var kind: String

  @Argument(help: ArgumentHelp("A target of that kind.", valueName: "target"))
  var target: String?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Settings") var settings: SettingsOptions

  var wantsJSON: Bool { output.json }

  func execute(_ program: Program) async throws -> ExitStatus {
    let configuration = try Composition.settings(program, file: settings.config)
    let known = configuration.policies.names(with: configuration.kinds)
    guard known.contains(kind) else {
      let meant = NearestName.of(kind, among: known).map { "; did you mean “\($0)”?" }
      throw CommandFailure(
        .usage,
        "there is no kind of scan “\(DisplayText.escaped(kind))”"
          + (meant ?? "; there are \(known.joined(separator: ", "))"))
    }
    let shown = PolicyDocument(
      kind: kind, target: target,
      effective: configuration.policies.effective(kind: kind, target: target),
      pace: .init(sweepSeconds: configuration.sweepIntervalSeconds * 1.2))
    if output.json {
      try program.printJSON(shown)
    } else {
      program.output.write(shown.lines.joined(separator: "\n") + "\n")
    }
    return .success
  }
}

/// Which file of settings to read, for commands that need no database.
struct SettingsOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The file of settings. (default: holdfast.yaml, if there is one)", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?
}

extension PolicyDocument {
  /// As `policy show` prints it for people.
  var lines: [String] {
    let limits = policy.map { row in
      [row.field.rawValue, Self.text(row.value), Self.from(row)]
    }
    let faults = worstCase.map { fault in
      [fault.fault.rawValue, SpanText.describe(seconds: fault.seconds), fault.formula]
    }
    return Self.table(limits) + [
      "", "From each fault to its recovery, at most, where nothing else goes wrong at the time:",
      "",
    ]
      + Self.table(faults)
      + [
        "",
        "There, "
          + terms.map { "\($0.name) is \(SpanText.describe(seconds: $0.seconds))" }
          .joined(separator: ", ") + ".",
      ]
  }

  private static func from(_ row: EffectivePolicy.Row) -> String {
    let place = row.place.map { "\($0), " } ?? ""
    return DisplayText.escaped(place + row.from)
  }

  private static func text(_ value: JSONValue) -> String {
    value.stringValue ?? value.serialized
  }

  private static func table(_ rows: [[String]]) -> [String] {
    let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      DisplayText.padded(row[0], to: widths[0]) + "  "
        + DisplayText.padded(row[1], to: widths[1]) + "  " + row[2]
    }
  }
}
