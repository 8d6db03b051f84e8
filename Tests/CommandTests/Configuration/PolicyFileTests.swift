import HoldfastCore
import Testing

@testable import holdfast

@Suite struct PolicyFileTests {
  private func load(
    _ text: String, environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Configuration {
    try Configuration.load(flags: [:], file: nil, environment: environment) {
      (path) throws(ConfigurationError) in path == "holdfast.yaml" ? text : nil
    }
  }

  private func problem(_ text: String) -> String {
    do {
      _ = try load(text)
      return "accepted"
    } catch {
      return "\(error)"
    }
  }

  private let text = """
    preset: staging
    policies:
      library:
        stall_after_seconds: 120
        on_stuck: alert
        max_attempts: 5
        targets:
          /srv/slow/*:
            stall_after_seconds: 7200.5
            deadline_spares_progress: true
      site:
    """

  @Test func everyLayerIsReadWithItsLine() throws {
    let book = try load(text).policies
    let kind = book.effective(kind: "library")
    #expect(kind.policy.stallAfterSeconds == 120)
    #expect(kind.policy.onStuck == .alert)
    #expect(kind.policy.maxAttempts == 5)
    #expect(kind.places[.stallAfterSeconds] == "holdfast.yaml:4")
    #expect(kind.policy.maxRuntimeMinutes == 20)
    #expect(kind.origins[.maxRuntimeMinutes] == .preset(.staging))
    #expect(kind.places[.maxRuntimeMinutes] == nil)

    let target = book.effective(kind: "library", target: "/srv/slow/tapes")
    #expect(target.policy.stallAfterSeconds == 7200.5)
    #expect(target.policy.deadlineSparesProgress)
    #expect(target.policy.maxAttempts == 5)
    #expect(target.places[.stallAfterSeconds] == "holdfast.yaml:9")
    #expect(
      target.rows.first { $0.field == .stallAfterSeconds }?.from
        == "configuration, kind library, target /srv/slow/*")
    #expect(book.effective(kind: "site").policy.maxRuntimeMinutes == 10)
  }

  /// A kind of one's own has policies where it is declared and among the others, the latter above the former, targets too.
  @Test func declaredKindsHavePoliciesLikeTheOthers() throws {
    let book = try load(
      """
      policies:
        mirror:
          max_attempts: 7
          targets:
            "*.slow":
              stall_after_seconds: 9000
      kinds:
        mirror:
          command: [/bin/true]
          policy:
            max_attempts: 2
            on_stuck: fail
        plain:
          command: [/bin/true]
      """
    ).policies
    #expect(book.kinds.keys.sorted() == ["mirror", "plain"])
    let kind = book.effective(kind: "mirror")
    #expect(kind.policy.maxAttempts == 7)
    #expect(kind.places[.maxAttempts] == "holdfast.yaml:3")
    #expect(kind.policy.onStuck == .fail)
    #expect(book.effective(kind: "mirror", target: "a.slow").policy.stallAfterSeconds == 9000)
    #expect(problem("policies:\n  mirror:\n").contains("there is no kind of scan “mirror”"))
    let kinds = "kinds:\n  mirror:\n    command: [/bin/true]\n"
    #expect(try load("worker_kinds: [mirror]\n" + kinds).workerKinds == ["mirror"])
    #expect(
      try load(kinds, environment: ["HOLDFAST_WORKER_KINDS": "library,mirror"]).workerKinds
        == ["library", "mirror"])
    #expect(problem("worker_kinds: [miror]\n" + kinds).contains("did you mean “mirror”?"))
  }

  @Test func theEnvironmentChoosesThePreset() throws {
    let book = try load("preset: staging", environment: ["HOLDFAST_PRESET": "development"]).policies
    #expect(book.effective(kind: "site").policy.maxRuntimeMinutes == 5)
    #expect(book.effective(kind: "site").policy.staleAfterSeconds == 120)
  }

  @Test(arguments: [
    (
      "policies:\n  libary:\n    max_attempts: 1",
      "holdfast.yaml:2:3: there is no kind of scan “libary”; did you mean “library”?"
    ),
    (
      "policies:\n  library:\n    stal_after_seconds: 1",
      "holdfast.yaml:3:5: there is no field of a policy “stal_after_seconds”; did you mean "
        + "“stall_after_seconds”?"
    ),
    (
      "policies:\n  library:\n    targets:\n      /a:\n        max_atempts: 1",
      "holdfast.yaml:5:9: there is no field of a policy “max_atempts”; did you mean “max_attempts”?"
    ),
    (
      "policies:\n  library:\n    max_attempts: 0",
      "holdfast.yaml:3:19: max_attempts: “0” is not a whole number from 1 to 1000"
    ),
    (
      "policies:\n  library:\n    on_stuck: resum",
      "holdfast.yaml:3:15: on_stuck: “resum” is not one of resume, requeue, fail, alert; did you "
        + "mean “resume”?"
    ),
    (
      "policies:\n  library:\n    deadline_spares_progress: yes",
      "holdfast.yaml:3:31: deadline_spares_progress: “yes” is not true or false"
    ),
    (
      "policies:\n  library:\n    stall_after_seconds: 0x80",
      "holdfast.yaml:3:26: stall_after_seconds: “0x80” is not a number from 2 to 2592000"
    ),
    (
      "policies:\n  library:\n    max_attempts: [1]",
      "holdfast.yaml:3:19: “max_attempts” takes a whole number from 1 to 1000, not a list or group"
    ),
    ("policies: 3", "holdfast.yaml:1:11: “policies” takes kinds, such as “library:”"),
    ("policies:\n  site: 3", "holdfast.yaml:2:9: “site” takes fields of a policy"),
    (
      "polices:\n  site:",
      "holdfast.yaml:1:1: there is no setting “polices”; did you mean “policies”?"
    ),
    (
      "preset: prod",
      "holdfast.yaml:1:9: preset: “prod” is not one of development, staging, production"
    ),
    (
      "policies:\n  site:\n    heartbeat_interval_seconds: 900",
      "holdfast.yaml:3: policies.site.stall_after_seconds is 600; it must be at least the heartbeat "
        + "interval, 900 s, with which activity is sampled"
    ),
    (
      "policies:\n  site:\n    targets:\n      /a:\n        backoff_base_seconds: 90",
      "holdfast.yaml:5: policies.site.targets./a.backoff_cap_seconds is 60; it must be at least "
        + "backoff_base_seconds, 90"
    ),
  ])
  func refusesWithPlaceAndAdvice(text: String, expected: String) {
    #expect(problem(text) == expected)
  }

  @Test func theBookReachesEveryFieldOfAPolicy() throws {
    for field in PolicyField.allCases {
      let value = Policy.default(for: "portal")[field].description
      let book = try load("policies:\n  portal:\n    \(field.rawValue): \(value)").policies
      #expect(book.effective(kind: "portal").origins[field] == .kind("portal"), "\(field)")
    }
  }

  @Test func aWorkerBeatsAsOftenAsTheShortestIntervalAsks() throws {
    #expect(try load("").policies.shortestHeartbeatSeconds == 30)
    let text = """
      policies:
        site:
          targets:
            "*fast*":
              heartbeat_interval_seconds: 0.5
      """
    #expect(try load(text).policies.shortestHeartbeatSeconds == 0.5)
  }

  @Test func shownWithOriginsAndTheWorstCase() throws {
    let configuration = try load(text)
    let shown = PolicyDocument(
      kind: "library", target: nil,
      effective: configuration.policies.effective(kind: "library"),
      pace: .init(sweepSeconds: configuration.sweepIntervalSeconds * 1.2))
    let lines = shown.lines
    #expect(
      lines.contains { $0.hasPrefix("stall_after_seconds") && $0.contains("holdfast.yaml:4") })
    #expect(
      lines.contains { $0.hasPrefix("max_runtime_minutes") && $0.contains("preset staging") })
    #expect(
      lines.contains { $0.hasPrefix("heartbeat_interval") && $0.contains("built-in for library") })
    #expect(
      lines.contains {
        $0.hasPrefix("worker_death") && $0.contains("3 min 29 s")
          && $0.contains("heartbeat_interval × stale_multiple")
      }, "\(lines)")
    #expect(
      lines.last
        == "There, takeover is 10 s, sweep is 18 s, sweep_duration is 1 s, stop is 15 s, report is 1 s."
    )
    let json = try JSONText.of(shown, pretty: false)
    #expect(json.contains(#""place":"holdfast.yaml:4""#))
    #expect(json.contains(#""fault":"hang""#))
  }
}
