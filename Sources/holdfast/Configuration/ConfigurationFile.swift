import HoldfastCore
import HoldfastServer
import Yams

/// Reads `holdfast.yaml` into values with their places, refusing whatever it does not know.
enum ConfigurationFile {
  struct Entry: Sendable, Hashable {
    var value: SettingValue
    /// `holdfast.yaml:3`
    var place: String
  }

  /// What a file says.
  struct Contents: Sendable, Hashable {
    var entries: [SettingName: Entry] = [:]
    /// Without the preset, which is a setting.
    var policies = PolicyBook()
    var kinds = KindBook()
    var jwtIssuers: [JWTIssuer] = []
    var github: GitHubSettings?
    var network = NetworkRules()
  }

  /// The keys that are no settings but groups.
  static let policiesKey = "policies"
  static let kindsKey = "kinds"
  static let jwtKey = "jwt"
  static let githubKey = "github"
  static let networkKey = "network"
  static let groupKeys = [policiesKey, kindsKey, jwtKey, githubKey, networkKey]

  /// - Parameters:
  ///   - text: the file's contents.
  ///   - name: how the file is called in messages.
  static func parse(
    _ text: String, name: String
  ) throws(ConfigurationError) -> Contents {
    guard let root = try compose(text, name: name) else { return Contents() }
    guard case .mapping(let mapping) = root else {
      // A file that holds nothing but comments is one null.
      if root.tag.description == "tag:yaml.org,2002:null" { return Contents() }
      throw ConfigurationError([
        Problem(place: place(name, root.mark), text: "settings look like “port: 8710”, one a line")
      ])
    }
    var contents = Contents()
    var problems: [Problem] = []
    let declared =
      mapping.first { $0.key.scalar?.string == kindsKey }
      .map { KindFile($0.value, file: name).book.declared.keys.sorted() } ?? []
    for (key, node) in mapping {
      if key.scalar?.string == policiesKey {
        let read = PolicyFile(node, file: name, declared: declared)
        contents.policies = read.book
        problems += read.problems
        continue
      }
      if key.scalar?.string == kindsKey {
        let read = KindFile(node, file: name)
        contents.kinds = read.book
        problems += read.problems
        continue
      }
      if let read = contents.readAccess(key.scalar?.string, node, file: name) {
        problems += read
        continue
      }
      switch read(key: key, node: node, file: name, declared: declared) {
      case .success(let (name, entry)): contents.entries[name] = entry
      case .failure(let problem): problems += problem.problems
      }
    }
    guard problems.isEmpty else { throw ConfigurationError(problems) }
    return contents
  }

  private typealias Problem = ConfigurationError.Problem

  private static func compose(_ text: String, name: String) throws(ConfigurationError) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch {
      throw ConfigurationError([problem(of: error, file: name)])
    }
  }

  private static func read(
    key: Node, node: Node, file: String, declared: [String]
  ) -> Result<(SettingName, Entry), ConfigurationError> {
    func failure(_ mark: Mark?, _ text: String) -> Result<(SettingName, Entry), ConfigurationError>
    {
      .failure(ConfigurationError([Problem(place: place(file, mark), text: text)]))
    }
    guard let spelled = key.scalar?.string else {
      return failure(key.mark, "the name of a setting is a plain word")
    }
    guard let name = SettingName(rawValue: spelled) else {
      return failure(
        key.mark,
        unknownName(spelled, among: SettingName.allCases.map(\.rawValue) + groupKeys))
    }
    let setting = Setting.named(name)
    let value: Result<SettingValue, BadValue>
    let shown: String
    switch node {
    case .scalar(let scalar):
      shown = "“\(scalar.string)”"
      value = setting.type.parse(scalar.string, declared: declared)
    case .sequence(let sequence) where setting.type.isList:
      shown = "the list"
      let names = sequence.map { $0.scalar?.string ?? "" }
      let isSound = !names.isEmpty && names.allSatisfy { !$0.isEmpty && !$0.contains(",") }
      value =
        isSound
        ? setting.type.parse(names.joined(separator: ","), declared: declared)
        : .failure(BadValue("has something else than names"))
    case .sequence, .mapping, .alias:
      return failure(node.mark, "“\(spelled)” takes \(setting.type.accepts), not a list or a group")
    }
    switch value {
    case .success(let value):
      let line = key.mark.map { "\(file):\($0.line)" } ?? file
      return .success((name, Entry(value: value, place: line)))
    case .failure(let bad):
      let hidden = setting.isSecret ? "its value" : shown
      return failure(node.mark, "\(spelled): \(hidden) \(bad.sentence)")
    }
  }

  static func unknownName(_ name: String, among names: [String]) -> String {
    let shown = DisplayText.escaped(name)
    if let nearest = NearestName.of(name, among: names) {
      return "there is no setting “\(shown)”; did you mean “\(nearest)”?"
    }
    return "there is no setting “\(shown)”; the settings are \(names.joined(separator: ", "))"
  }

  private static func problem(of error: any Error, file: String) -> Problem {
    switch error {
    case YamlError.scanner(let context, let what, let mark, _),
      YamlError.parser(let context, let what, let mark, _),
      YamlError.composer(let context, let what, let mark, _):
      let wider = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
      return Problem(place: place(file, mark), text: "this is not YAML: \(what)\(wider)")
    case YamlError.duplicatedKeysInMapping(let names, let context):
      let listed = names.map { "“\(DisplayText.escaped($0))”" }.joined(separator: ", ")
      return Problem(
        place: place(file, context.mark), text: "\(listed) is set more than once; once is enough")
    case YamlError.reader(let what, let offset, _, _):
      let position = offset.map { " at byte \($0)" } ?? ""
      return Problem(place: file, text: "this is not text in UTF-8\(position): \(what)")
    default:
      return Problem(place: file, text: "this is not YAML: \(error)")
    }
  }

  private static func place(_ file: String, _ mark: Mark?) -> String {
    mark.map { "\(file):\($0.line):\($0.column)" } ?? file
  }
}

extension ConfigurationFile.Contents {
  /// Reads the groups on who may use the server, and where it may be led.
  ///
  /// - Returns: what is wrong; `nil` for a key of something else.
  fileprivate mutating func readAccess(
    _ key: String?, _ node: Node, file: String
  ) -> [ConfigurationError.Problem]? {
    switch key {
    case ConfigurationFile.jwtKey:
      let read = JWTFile(node, file: file)
      jwtIssuers = read.issuers
      return read.problems
    case ConfigurationFile.githubKey:
      let read = GitHubFile(node, file: file)
      github = read.settings
      return read.problems
    case ConfigurationFile.networkKey:
      let read = NetworkFile(node, file: file)
      network = read.rules
      return read.problems
    default: return nil
    }
  }
}

extension BadValue {
  var sentence: String {
    suggestion.map { "\(reason); did you mean “\($0)”?" } ?? reason
  }
}
