/// A policy as `policy show` and the API tell it: every limit with where it is from, and how long each
/// fault can last at most.
package struct PolicyDocument: Sendable, Encodable {
  package var kind: String
  /// `nil` for what holds for the kind's targets in general.
  package var target: String?
  package var policy: [EffectivePolicy.Row]
  package var worstCase: [WorstCase]
  /// What the formulas name beside the policy's own fields, in seconds.
  package var terms: [(name: String, seconds: Double)]

  package init(
    kind: String, target: String?, effective: EffectivePolicy, pace: WorstCase.Pace
  ) {
    self.kind = kind
    self.target = target
    policy = effective.rows
    worstCase = WorstCase.all(under: effective.policy, pace: pace)
    terms = pace.terms
  }

  enum CodingKeys: String, CodingKey {
    case kind, target, policy
    case worstCase = "worst_case"
  }
}
