import HoldfastCore
import Yams

/// Reads the `network` of `holdfast.yaml`: where requests may lead the server and its runners beside the public internet.
struct NetworkFile {
  private(set) var rules = NetworkRules()
  private(set) var problems: [ConfigurationError.Problem] = []

  init(_ node: Node, file: String) {
    var group = GroupReader(node, path: "network", file: file, known: ["allow"])
    for text in group.texts("allow") ?? [] {
      guard let exception = NetworkRules.Exception(text) else {
        group.refuse(
          member: "allow",
          ".allow: “\(DisplayText.escaped(text))” is neither a network (10.0.0.0/8, ::1) nor a name "
            + "(intranet.example, *.corp.example)")
        continue
      }
      rules.allowed.append(exception)
    }
    problems = group.problems
  }
}
