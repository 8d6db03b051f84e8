import HoldfastCore
import HoldfastStorage
import Testing

@Suite struct BaselineTests {
  private func id(_ number: UInt64) -> Baseline.PartID { Baseline.PartID(high: number, low: 1) }

  private func base64(_ id: Baseline.PartID) -> String {
    // 16 bytes: five groups of three and one byte.
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    let bytes = id.bytes + [0, 0]
    for start in stride(from: 0, to: 18, by: 3) {
      let group = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
      for shift in [18, 12, 6, 0] { text.append(alphabet[group >> shift & 63]) }
    }
    return text.dropLast(2) + "=="
  }

  private func write(
    _ number: UInt64, _ segment: Int = 0, _ content: String?, fingerprint: UInt64 = 7
  ) -> Baseline.Write {
    Baseline.Write(
      id: base64(id(number)), segment: segment, fingerprint: base64(id(fingerprint)),
      content: content)
  }

  @Test(arguments: TestedDatabase.allCases)
  func stagedPartsBecomeTheBaselineWhenTheScanEndsWell(
    _ database: TestedDatabase
  ) async throws {
    let fixture = try await Fixture(database)
    let store = fixture.store
    let first = try await fixture.running()
    #expect(try await store.baselineSummary(for: first.lease) == nil)
    #expect(try await store.baselineEntries(for: first.lease, after: nil, limit: 9).isEmpty)
    try await fixture.report(
      AttemptReport(
        lease: first.lease,
        baselineWrites: [
          write(3, 0, "Yw=="), write(1, 0, "YQ=="), write(2, 0, "Yg=="), write(2, 1, "YjI="),
        ]))
    #expect(try await store.baselineSummary(for: first.lease) == nil)
    try await fixture.report(
      AttemptReport(lease: first.lease, end: .completed(message: nil, summary: ["n": 1])))

    let second = try await fixture.running()
    let summary = try #require(try await store.baselineSummary(for: second.lease))
    #expect(summary == .init(scanID: first.scan.id, parts: 3, summary: ["n": 1]))
    let page = try await store.baselineEntries(for: second.lease, after: nil, limit: 2)
    #expect(page.map(\.id) == [id(1), id(2)])
    #expect(page.map(\.fingerprint) == [id(7), id(7)])
    let rest = try await store.baselineEntries(for: second.lease, after: id(2), limit: 2)
    #expect(rest.map(\.id) == [id(3)])
    let contents = try await store.baselineContents(
      for: second.lease, ids: [id(3), id(9), id(2)])
    #expect(contents.map(\.content) == ["Yg==", "YjI=", "Yw=="])
    #expect(contents.map(\.segment) == [0, 1, 0])

    // A part replaced, one dropped, one added, one left; partial promotes, too.
    try await fixture.report(
      AttemptReport(
        lease: second.lease, errors: [ItemError(path: "p", type: "t", message: "m")],
        baselineWrites: [
          write(2, 0, "WA==", fingerprint: 8), write(3, 0, nil), write(4, 0, "ZA=="),
        ], end: .completed(message: nil, summary: ["n": 2])))
    let third = try await fixture.running()
    let newer = try #require(try await store.baselineSummary(for: third.lease))
    #expect(newer == .init(scanID: second.scan.id, parts: 3, summary: ["n": 2]))
    let all = try await store.baselineEntries(for: third.lease, after: nil, limit: 9)
    #expect(all.map(\.id) == [id(1), id(2), id(4)])
    #expect(all.map(\.fingerprint) == [id(7), id(8), id(7)])
    let replaced = try await store.baselineContents(for: third.lease, ids: [id(2)])
    #expect(replaced.map(\.content) == ["WA=="])

    // Nothing written: the baseline stays and names the newest scan.
    try await fixture.report(
      AttemptReport(lease: third.lease, end: .completed(message: nil, summary: ["n": 3])))
    let fourth = try await fixture.running()
    let newest = try #require(try await store.baselineSummary(for: fourth.lease))
    #expect(newest == .init(scanID: third.scan.id, parts: 3, summary: ["n": 3]))
  }

  @Test(arguments: TestedDatabase.allCases)
  func baselinesAreKeptApart(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let first = try await fixture.running()
    try await fixture.report(
      AttemptReport(
        lease: first.lease, baselineWrites: [write(1, 0, "YQ==")],
        end: .completed(message: nil, summary: [:])))
    for request in [
      ScanRequest.sample("/other"), .sample(kind: "site"), .sample(tenant: "t2"),
    ] {
      let claim = try await fixture.running(request)
      #expect(try await fixture.store.baselineSummary(for: claim.lease) == nil)
    }
  }

  @Test(arguments: TestedDatabase.allCases)
  func scansThatDoNotEndWellLeaveItAlone(_ database: TestedDatabase) async throws {
    let fixture = try await Fixture(database)
    let life = try await fixture.worker()
    let ends: [AttemptEnd] = [
      .failed(error: "e", reason: nil, summary: nil), .cancelled(message: "c"), .paused,
      .requeued(reason: .runnerCrashed, message: "", delaySeconds: 0, countsAsCrash: true),
    ]
    for end in ends {
      let claim = try await fixture.running(.sample("/\(end.event)"), by: life)
      try await fixture.report(
        AttemptReport(
          lease: claim.lease, baselineWrites: [write(1, 0, "YQ==")], checkpoint: ["a": 1],
          end: end))
      #expect(try await fixture.store.baselineSummary(for: claim.lease) == nil)
      // Resumed or retried, it still has what it had staged.
      switch try await fixture.scan(claim.scan.id).status {
      case .paused:
        _ = try await fixture.store.act(.resume, on: claim.scan.id, by: "o", reason: nil)
      case .failed, .cancelled:
        _ = try await fixture.store.act(.retry, on: claim.scan.id, by: "o", reason: nil)
      default: break
      }
      let again = try #require(try await fixture.store.claim(claim.scan.id, for: life))
      #expect(again.scan.checkpoint == ["a": 1])
      try await fixture.report(
        AttemptReport(
          lease: again.lease, baselineWrites: [write(2, 0, "Yg==")],
          end: .completed(message: nil, summary: [:])))
      #expect(try await fixture.store.baselineSummary(for: claim.lease)?.parts == 2)
    }
  }
}
