/// Everything that is wrong with the configuration, found in one go.
struct ConfigurationError: Error, Sendable, Hashable {
  struct Problem: Sendable, Hashable {
    /// Where: `holdfast.yaml:3:7`, `--port`, `the environment variable HOLDFAST_PORT`.
    var place: String
    /// What is wrong and what would be right, in a sentence without its full stop.
    var text: String
    var isUsage: Bool

    init(place: String, text: String, isUsage: Bool = false) {
      self.place = place
      self.text = text
      self.isUsage = isUsage
    }
  }

  var problems: [Problem]

  init(_ problems: [Problem]) {
    self.problems = problems
  }

  /// The file or the environment is at fault, rather than this command line alone.
  var exitStatus: ExitStatus {
    problems.allSatisfy(\.isUsage) ? .usage : .configuration
  }
}

extension ConfigurationError: CustomStringConvertible {
  var description: String {
    problems.map { "\($0.place): \($0.text)" }.joined(separator: "\n")
  }
}
