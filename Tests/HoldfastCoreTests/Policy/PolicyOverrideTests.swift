import HoldfastCore
import Testing

@Suite struct PolicyOverrideTests {
  @Test func readsFieldsInBothSpellings() throws {
    let override = try PolicyOverride(
      [
        "stall_after_seconds": 300, "maxRuntimeMinutes": 7.5, "onStuck": "alert",
        "deadline_spares_progress": true, "max_attempts": 5,
      ], at: "here")
    var expected = Policy.default(for: "site")
    expected.stallAfterSeconds = 300
    expected.maxRuntimeMinutes = 7.5
    expected.onStuck = .alert
    expected.deadlineSparesProgress = true
    expected.maxAttempts = 5
    #expect(override.applied(to: .default(for: "site")) == expected)
  }

  @Test func emptyAndNullAreNothing() throws {
    #expect(try PolicyOverride([:], at: "here") == PolicyOverride())
    #expect(try PolicyOverride(.null, at: "here") == PolicyOverride())
  }

  @Test func allFaultsAreNamedAtOnceWithTheirBounds() {
    let text: JSONValue = [
      "stale_multiple": 1, "max_attempts": 2.5, "on_stuck": "panic", "stall": 3,
      "deadline_spares_progress": "yes", "colour": "red", "heartbeat_interval_seconds": nil,
    ]
    #expect {
      try PolicyOverride(text, at: "kinds.site.policy")
    } throws: { error in
      guard let error = error as? PolicyError else { return false }
      let expected = """
        kinds.site.policy.colour is not a field of a policy; did you mean \
        \(PolicyField.allCases.map(\.rawValue).joined(separator: ", "))?
        kinds.site.policy.deadline_spares_progress is “yes”; it must be true or false
        kinds.site.policy.heartbeat_interval_seconds is empty; it must be a number from 0.05 to 3600
        kinds.site.policy.max_attempts is 2.5; it must be a whole number from 1 to 1000
        kinds.site.policy.on_stuck is “panic”; it must be one of resume, requeue, fail, alert
        kinds.site.policy.stale_multiple is 1; it must be a number from 2 to 100
        kinds.site.policy.stall is not a field of a policy; did you mean stall_after_seconds?
        """
      #expect(error.description == expected)
      return error.description == expected
    }
  }

  @Test(arguments: [["a"], "text", 3, true] as [JSONValue])
  func somethingElseThanAMappingIsRefused(_ json: JSONValue) {
    #expect(throws: PolicyError.self) { try PolicyOverride(json, at: "kinds.site.policy") }
  }

  @Test func justOutsideTheBoundsIsRefused() throws {
    for field in PolicyField.allCases {
      switch field.domain {
      case .number(let range):
        #expect(field.value(from: .double(range.lowerBound.nextDown)) == nil)
        #expect(field.value(from: .double(range.upperBound.nextUp)) == nil)
      case .whole(let range):
        #expect(field.value(from: .int(Int64(range.lowerBound) - 1)) == nil)
        #expect(field.value(from: .int(Int64(range.upperBound) + 1)) == nil)
      case .choice, .flag:
        #expect(field.value(from: "nonsense") == nil)
      }
    }
  }
}
