/// What a runner shares with the command that brought its worker along: `holdfast run` supervises a program that reads its input, writes
/// to its terminal and has its environment.
package struct RunnerAttachment: Sendable {
  /// Tells a runner that it is attached.
  static let variable = "HOLDFAST_ATTACHED"

  /// The whole environment of the program.
  package var environment: [String: String]
  /// The program's input, output and error output, and a socket (`SOCK_SEQPACKET`) on which signals for the program go one way, as four
  /// bytes each, and its end comes back, as JSON. They stay open here, numbered above those that they get in the runner (3 to 6).
  package var descriptors: [Int32]

  package init(environment: [String: String], descriptors: [Int32]) {
    precondition(
      descriptors.allSatisfy { $0 >= 16 }, "a descriptor is among those it would be given")
    self.environment = environment
    self.descriptors = descriptors
  }
}
