import HoldfastCore
import Testing

@Suite struct PolicyBookTests {
  static func override(_ field: PolicyField, _ value: PolicyValue) -> PolicyOverride {
    PolicyOverride(values: [field: value])
  }

  @Test func laterLayersWinFieldByField() {
    let book = PolicyBook(
      preset: .staging,
      kinds: [
        "site": PolicyOverride(values: [
          .maxRuntimeMinutes: .number(12), .stallAfterSeconds: .number(120),
        ]),
        "portal": Self.override(.maxAttempts, .whole(9)),
      ],
      targets: [
        .init(
          kind: "site", pattern: "https://*.example.com/*",
          override: Self.override(.stallAfterSeconds, .number(60))),
        .init(
          kind: "site", pattern: "*",
          override: Self.override(.maxCrashes, .whole(7))),
        .init(
          kind: "portal", pattern: "*", override: Self.override(.maxCrashes, .whole(8))),
      ])
    let effective = book.effective(kind: "site", target: "https://www.example.com/x")
    #expect(effective.policy.maxRuntimeMinutes == 12)
    #expect(effective.origins[.maxRuntimeMinutes] == .kind("site"))
    #expect(effective.policy.stallAfterSeconds == 60)
    #expect(
      effective.origins[.stallAfterSeconds]
        == .target(kind: "site", pattern: "https://*.example.com/*"))
    #expect(effective.policy.staleAfterSeconds == 180)
    #expect(effective.origins[.staleMultiple] == .preset(.staging))
    #expect(effective.policy.maxCrashes == 7)
    #expect(effective.origins[.maxAttempts] == .builtIn(kind: "site"))
    #expect(effective.origins.count == PolicyField.allCases.count)

    #expect(book.effective(kind: "site").policy.stallAfterSeconds == 120)
    #expect(book.effective(kind: "site").policy.maxCrashes == 3)
  }

  @Test func ofSeveralMatchingTargetsTheLastWins() {
    let book = PolicyBook(targets: [
      .init(kind: "k", pattern: "a*", override: Self.override(.maxAttempts, .whole(1))),
      .init(kind: "k", pattern: "ab", override: Self.override(.maxAttempts, .whole(2))),
    ])
    #expect(book.effective(kind: "k", target: "ab").policy.maxAttempts == 2)
    #expect(book.effective(kind: "k", target: "ac").policy.maxAttempts == 1)
    #expect(book.effective(kind: "other", target: "ab").policy.maxAttempts == 3)
  }

  @Test func whatIsShownNamesEveryFieldWithItsOrigin() throws {
    let book = PolicyBook(kinds: ["site": Self.override(.stallAfterSeconds, .number(90))])
    let rows = book.effective(kind: "site").rows
    #expect(rows.map(\.field) == PolicyField.allCases)
    let stall = try #require(rows.first { $0.field == .stallAfterSeconds })
    #expect(stall.value == 90)
    #expect(stall.from == "configuration, kind site")
    let interval = try #require(rows.first { $0.field == .heartbeatIntervalSeconds })
    #expect(
      try json(of: interval)
        == #"{"field":"heartbeat_interval_seconds","from":"built-in for site","value":30}"#)
    #expect(try json(of: book.effective(kind: "site")).hasPrefix("[{"))
  }

  @Test func originsInWords() {
    #expect(EffectivePolicy.Origin.preset(.production).description == "preset production")
    #expect(EffectivePolicy.Origin.scan.description == "given with the scan")
    #expect(EffectivePolicy.Origin.request.description == "given with this request")
    #expect(
      EffectivePolicy.Origin.target(kind: "site", pattern: "*").description
        == "configuration, kind site, target *")
  }

  @Test func contradictionsBetweenLayersAreFaults() {
    let book = PolicyBook(
      kinds: [
        "site": Self.override(.heartbeatIntervalSeconds, .number(1200)),
        "portal": Self.override(.backoffCapSeconds, .number(1)),
        "library": PolicyOverride(),
      ],
      targets: [
        .init(kind: "command", pattern: "make", override: Self.override(.maxAttempts, .whole(0)))
      ])
    #expect(
      book.faults().map(\.description) == [
        "kinds.portal.policy.backoff_cap_seconds is 1; it must be at least "
          + "backoff_base_seconds, 2",
        "kinds.site.policy.stall_after_seconds is 600; it must be at least the heartbeat "
          + "interval, 1200 s, with which activity is sampled",
        "kinds.command.targets.make.max_attempts is 0; it must be a whole number from 1 to 1000",
      ])
    #expect(PolicyBook(preset: .development).faults() == [])
  }

  @Test(arguments: [
    ("", "", true), ("", "a", false), ("*", "", true), ("*", "anything", true),
    ("a*c", "abbc", true),
    ("a*c", "abbd", false), ("a?c", "abc", true), ("a?c", "ac", false), ("*a*b*", "xxaxxbxx", true),
    ("*a*b*", "xxbxxaxx", false), ("abc", "abc", true), ("abc", "abcd", false), ("**", "x", true),
    ("*.gov", "data.gov", true), ("*.gov", "data.gov.uk", false), ("a*", "a", true),
    ("é?", "éx", true),
    ("*aab", "aaaaab", true),
  ])
  func globs(pattern: String, text: String, matches: Bool) {
    #expect(Glob.matches(pattern, text) == matches)
  }
}
