/// A kind of scan that an operator declares: a program, what it can be told, and what it may take.
package struct KindDeclaration: Sendable, Hashable {
  package var name: String
  package var about: String?
  /// Its scans are for programs that claim them from a server over HTTP; there is no command for workers of Holdfast itself.
  package var isRemote: Bool
  /// `{target}` and `{params.NAME}` in an argument stand for what the scan says; no shell is between.
  package var command: [String]
  package var folder: String?
  package var environment: [String: String]
  /// Variables whose values are in files, which are read when a scan starts.
  package var secretFiles: [String: String]
  package var timeoutSeconds: Double?
  package var killAfterSeconds: Double
  package var stallSeconds: Double?
  package var noOutputSeconds: Double?
  /// Whether targets must be addresses of the web.
  package var takesURL: Bool
  package var parameters: [ParameterRule]
  package var policy: PolicyOverride
  /// Whether its program speaks the runner protocol.
  package var speech: ProgramSpec.Speech?

  /// What is wrong with a declaration: a member's path and a clause that goes on from it.
  package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
    package var member: String
    package var problem: String
    package var description: String { "\(member) \(problem)" }
  }

  private static let members = [
    "about", "command", "folder", "environment", "secrets", "timeout", "kill_after", "stall",
    "no_output", "parameters", "policy", "protocol", "remote", "target",
  ]

  /// Reads what `holdfast.yaml` says under `kinds.NAME`.
  package init(name: String, json: JSONValue) throws(Fault) {
    let isPlain = name.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
    }
    guard isPlain, let first = name.utf8.first, (0x61...0x7A).contains(first),
      name.utf8.count <= 40
    else {
      throw Fault(
        member: name,
        problem: "is no name for a kind: it has a to z, 0 to 9, - and _, and begins with a letter")
    }
    guard !KindCatalog.builtIn.contains(name), name != KindCatalog.attached else {
      throw Fault(member: name, problem: "is a kind that Holdfast has itself")
    }
    guard let object = json.objectValue else {
      throw Fault(
        member: name, problem: "must be a group with at least a “command”, or “remote: true”")
    }
    for key in object.keys.sorted() where !Self.members.contains(key) {
      let nearest = NearestName.of(key, among: Self.members).map { "; did you mean “\($0)”?" }
      throw Fault(
        member: "\(name).\(key)",
        problem: "is not known" + (nearest ?? "; known are \(Self.members.joined(separator: ", "))")
      )
    }
    let reader = Reader(name: name, json: json)
    self.name = name
    about = try reader.text("about")
    isRemote = try reader.flag("remote") ?? false
    command = isRemote ? try reader.noCommand() : try reader.command()
    folder = try reader.text("folder")
    environment = try reader.variables("environment")
    secretFiles = try reader.variables("secrets")
    timeoutSeconds = try reader.seconds("timeout")
    killAfterSeconds = try reader.seconds("kill_after") ?? ProgramSpec.defaultKillAfterSeconds
    stallSeconds = try reader.seconds("stall")
    noOutputSeconds = try reader.seconds("no_output")
    switch try reader.text("target") {
    case nil, "text": takesURL = false
    case "url": takesURL = true
    case .some: throw Fault(member: "\(name).target", problem: "must be “url” or “text”")
    }
    speech = try reader.speech()
    parameters = try ParameterRule.rules(json["parameters"]?.nonNull, of: name)
    do throws(PolicyError) {
      policy = try PolicyOverride(json["policy"] ?? .null, at: "\(name).policy")
    } catch {
      throw Fault(member: "\(name).policy", problem: "is not one: \(error)")
    }
  }

  private struct Reader {
    let name: String
    let json: JSONValue

    private func fault(_ member: String, _ problem: String) -> Fault {
      Fault(member: "\(name).\(member)", problem: problem)
    }

    func text(_ member: String) throws(Fault) -> String? {
      guard let value = json[member]?.nonNull else { return nil }
      guard let text = value.stringValue, !text.isEmpty, !text.utf8.contains(0) else {
        throw fault(member, "must be a text, not \(value.typeName)")
      }
      return text
    }

    func flag(_ member: String) throws(Fault) -> Bool? {
      guard let value = json[member]?.nonNull else { return nil }
      guard let flag = value.boolValue else {
        throw fault(member, "must be true or false, not \(value.typeName)")
      }
      return flag
    }

    func noCommand() throws(Fault) -> [String] {
      guard json["command"]?.nonNull == nil else {
        throw fault(
          "command", "has no place beside “remote: true”: programs elsewhere run its scans")
      }
      return []
    }

    func command() throws(Fault) -> [String] {
      guard let list = json["command"]?.arrayValue, !list.isEmpty else {
        throw fault("command", "must be a list: the program and its arguments")
      }
      var words: [String] = []
      for value in list {
        guard let word = value.shownScalar, !word.utf8.contains(0) else {
          throw fault("command", "must hold nothing but texts and numbers")
        }
        words.append(word)
      }
      guard !words[0].isEmpty, !words[0].contains("{") else {
        throw fault("command", "must begin with a program")
      }
      return words
    }

    func speech() throws(Fault) -> ProgramSpec.Speech? {
      guard let value = json["protocol"]?.nonNull else { return nil }
      guard let speech = value.stringValue.flatMap(ProgramSpec.Speech.init(rawValue:)) else {
        let known = ProgramSpec.Speech.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault(
          "protocol", "must be \(known), or absent for a program that reads no messages")
      }
      return speech
    }

    func variables(_ member: String) throws(Fault) -> [String: String] {
      guard let value = json[member]?.nonNull else { return [:] }
      guard let object = value.objectValue else {
        throw fault(member, "must be a group of variables, not \(value.typeName)")
      }
      var variables: [String: String] = [:]
      for (key, value) in object {
        guard let text = value.shownScalar, !key.isEmpty, !key.contains("="), !text.utf8.contains(0)
        else { throw fault("\(member).\(key)", "must be a variable with a text") }
        variables[key] = text
      }
      return variables
    }

    func seconds(_ member: String) throws(Fault) -> Double? {
      guard let value = json[member]?.nonNull else { return nil }
      guard let span = value.shownScalar.flatMap(TimeSpanText.seconds) else {
        throw fault(member, "must be a time such as 90, 30m or 1h30m")
      }
      return span
    }
  }
}

extension JSONValue {
  /// A text, number or flag as a text; `nil` for everything else.
  package var shownScalar: String? {
    switch self {
    case .string(let text): text
    case .int(let number): "\(number)"
    case .double(let number): "\(number)"
    case .bool(let flag): flag ? "true" : "false"
    case .null, .array, .object: nil
    }
  }
}

// MARK: What is run

extension KindDeclaration {
  /// - Parameter readSecret: the text of a secret's file, or why it cannot be read.
  package func program(
    for scan: Scan, readSecret: (String) -> Result<String, ProgramSpec.Problem>
  ) -> ProgramSpec {
    var spec = ProgramSpec(
      command: isRemote ? [name] : command.map { filled($0, scan) }, folder: folder,
      environment: environment,
      timeoutSeconds: timeoutSeconds, killAfterSeconds: killAfterSeconds,
      stallSeconds: stallSeconds, noOutputSeconds: noOutputSeconds)
    if isRemote { spec.problem = "the kind is for programs that claim its scans over HTTP" }
    spec.speech = speech
    for (variable, path) in secretFiles.sorted(by: { $0.key < $1.key }) {
      switch readSecret(path) {
      case .success(let text): spec.environment[variable] = text
      case .failure(let problem): spec.problem = problem.text
      }
    }
    return spec
  }

  private func filled(_ word: String, _ scan: Scan) -> String {
    var result = ""
    var rest = word[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      result += rest[..<open]
      let name = rest[rest.index(after: open)..<close]
      if name == "target" {
        result += scan.target
      } else if name.hasPrefix("params."),
        let value = scan.params[String(name.dropFirst("params.".count))]?.shownScalar
      {
        result += value
      } else {
        result += rest[open...close]
      }
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }
}
