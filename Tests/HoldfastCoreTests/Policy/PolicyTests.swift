import Foundation
import HoldfastCore
import Testing

@Suite struct PolicyTests {
  @Test func theDefaultsOfTheSources() {
    let site = Policy.default(for: "site")
    #expect(site.maxRuntimeMinutes == 15)
    #expect(site.heartbeatIntervalSeconds == 30)
    #expect(site.staleAfterSeconds == 90)
    #expect(site.stallAfterSeconds == 600)
    let portal = Policy.default(for: "portal")
    #expect(portal.maxRuntimeMinutes == 24 * 60)
    #expect(portal.checkAgeHours == 24)
    #expect(portal.deadlineSparesProgress)
    #expect(Policy.default(for: "library").maxRuntimeMinutes == 30)
    let dependencies = Policy.default(for: "dependencies")
    #expect(dependencies.pendingTimeoutMinutes == 5)
    #expect(dependencies.maxRuntimeMinutes == 30)
    let command = Policy.default(for: "command")
    #expect(command.movement == .any)
    #expect(command.maxRuntimeMinutes == 24 * 60)
    #expect(command.onStuck == .fail)
    #expect(command.maxCrashes == 1)
    #expect(command.onPendingTimeout == .fail)
    var declared = Policy.default(for: "declared by an operator")
    #expect(declared.onStuck == .resume)
    (declared.onStuck, declared.maxCrashes, declared.onPendingTimeout) = (.fail, 1, .fail)
    #expect(declared == command)
  }

  @Test(arguments: ["site", "portal", "library", "dependencies", "command"])
  func everyDefaultIsWithinItsBounds(kind: String) {
    let policy = Policy.default(for: kind)
    #expect(policy.faults(at: kind) == [])
    #expect(policy.onStuck == (kind == "command" ? .fail : .resume))
    #expect(policy.exclusivity == .target)
    for preset in PolicyPreset.allCases {
      let effective = PolicyBook(preset: preset).effective(kind: kind)
      #expect(effective.policy.faults(at: kind) == [])
    }
  }

  @Test(arguments: [
    (PolicyPreset.development, 5.0, 2.0), (.staging, 10, 3), (.production, 15, 5),
  ])
  func thePresetsAsPrinted(preset: PolicyPreset, runtime: Double, stale: Double) {
    let site = PolicyBook(preset: preset).effective(kind: "site").policy
    #expect(site.maxRuntimeMinutes == runtime)
    #expect(site.staleAfterSeconds == stale * 60)
    let portal = PolicyBook(preset: preset).effective(kind: "portal").policy
    #expect(abs(portal.maxRuntimeMinutes - 1440 * runtime / 15) < 0.001)
    #expect(portal.staleAfterSeconds == stale * 60)
  }

  @Test func scopes() {
    var policy = Policy.default(for: "library")
    #expect(policy.scope(kind: "library", target: "/x") == "library:/x")
    policy.exclusivity = .kind
    #expect(policy.scope(kind: "library", target: "/x") == "library")
    policy.exclusivity = .none
    #expect(policy.scope(kind: "library", target: "/x") == nil)
  }

  @Test func stretchingLengthensEverySilenceAndNotTheRuntime() {
    let policy = Policy.default(for: "site")
    let stretched = policy.stretched(by: 2)
    #expect(stretched.staleAfterSeconds == 180)
    #expect(stretched.stallAfterSeconds == 1200)
    #expect(stretched.pendingTimeoutMinutes == 10)
    #expect(stretched.cancellingTimeoutSeconds == 120)
    #expect(stretched.suspicionFloorSeconds == 60)
    #expect(stretched.maxRuntimeMinutes == policy.maxRuntimeMinutes)
    #expect(policy.stretched(by: 0.5) == policy)
  }

  @Test func everyFieldCanBeReadSetAndWritten() throws {
    for field in PolicyField.allCases {
      for value in Self.edges(of: field) {
        let json = try #require(field.value(from: value.json))
        #expect(json == value)
        var policy = Policy.default(for: "site")
        policy[field] = value
        #expect(policy[field] == value, "\(field)")
        for other in PolicyField.allCases where other != field {
          #expect(policy[other] == Policy.default(for: "site")[other], "\(field) set \(other)")
        }
        #expect(try roundTrip(policy) == policy)
      }
    }
  }

  /// Both ends of what a field may hold.
  static func edges(of field: PolicyField) -> [PolicyValue] {
    switch field.domain {
    case .number(let range): [.number(range.lowerBound), .number(range.upperBound)]
    case .whole(let range): [.whole(range.lowerBound), .whole(range.upperBound)]
    case .choice(let names): names.map { .choice($0) }
    case .flag: [.flag(true), .flag(false)]
    }
  }

  @Test func aValueOfAnotherTypeChangesNothing() {
    for field in PolicyField.allCases {
      var policy = Policy.default(for: "site")
      switch field.domain {
      case .number, .choice: policy[field] = .flag(true)
      case .whole: policy[field] = .number(7)
      case .flag: policy[field] = .whole(7)
      }
      policy[field] = .choice("nonsense")
      #expect(policy == Policy.default(for: "site"), "\(field)")
    }
  }

  @Test func asJSONItHasTheNamesOfTheFields() throws {
    let text = try json(of: Policy.default(for: "site"))
    let read = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    #expect(
      Set(read.objectValue?.keys.map { $0 } ?? []) == Set(PolicyField.allCases.map(\.rawValue)))
    #expect(read["max_runtime_minutes"] == 15)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Policy.self, from: Data(#"{"max_attempts":0}"#.utf8))
    }
  }
}
