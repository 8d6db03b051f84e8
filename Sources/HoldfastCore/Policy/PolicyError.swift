/// Everything that is wrong with a part of a configuration, all at once.
package struct PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One fault, with the place where it stands and what would be right.
  package struct Fault: Hashable, Sendable, CustomStringConvertible {
    /// `kinds.portal.policy`
    package var place: String
    /// As written.
    package var field: String
    package var problem: String

    package init(place: String, field: String, problem: String) {
      self.place = place
      self.field = field
      self.problem = problem
    }

    package var description: String {
      field.isEmpty ? "\(place) \(problem)" : "\(place).\(field) \(problem)"
    }
  }

  package var faults: [Fault]

  package init(faults: [Fault]) { self.faults = faults }

  package var description: String { faults.map(\.description).joined(separator: "\n") }
}
