import Foundation

/// How soon a hang is noticed, and how often a healthy scan is taken for hung, by Holdfast's learned limits, a fixed window and
/// phi-accrual, on synthetic gaps and on those of real scans and programs.
struct SuspicionBenchmark {
  static let rate = 0.001
  static let syntheticScans = 10_000
  /// A share of a thousandth needs a thousand scans; nobody is counted before.
  static let warmUp = 1100

  let binary: String
  let realScans: Int

  func run(into table: inout Table) async throws {
    runSynthetic(into: &table)
    try await runReal(into: &table)
  }

  func runSynthetic(into table: inout Table) {
    for distribution in SyntheticScans.allCases {
      say("Suspicion, \(distribution.rawValue)")
      let scans = distribution.scans(Self.syntheticScans, seed: 7)
      compare(scans, distribution.rawValue, warmUp: Self.warmUp, rate: Self.rate, into: &table)
    }
  }

  func runReal(into table: inout Table) async throws {
    say("Suspicion on \(realScans) real library scans")
    let library = try await ScanRecorder(binary: binary).libraryScans(count: realScans)
    report("library scans", library, into: &table)
    say("Suspicion on \(realScans) runs of real programs")
    let programs = try await ProgramRecorder().runs(count: realScans)
    report("programs' activity", programs, into: &table)
  }

  /// Fewer real ones than a share of a thousandth needs teach nothing: then the fixed window is what is compared.
  private func report(_ name: String, _ scans: [RecordedScan], into table: inout Table) {
    let gaps = scans.flatMap(\.gaps)
    say(
      "  \(scans.count) of them, \(gaps.count) gaps, median \(text(gaps.median)), "
        + "largest \(text(gaps.max() ?? 0)) s")
    compare(
      scans, name, warmUp: min(Self.warmUp, scans.count * 3 / 4), rate: Self.rate, into: &table)
  }

  private func compare(
    _ scans: [RecordedScan], _ name: String, warmUp: Int, rate: Double, into table: inout Table
  ) {
    let results = [
      DetectorResult.of(FixedWindow(), over: scans, warmUp: warmUp),
      .of(PhiAccrual(.cassandra), over: scans, warmUp: warmUp),
      .of(PhiAccrual(.akka), over: scans, warmUp: warmUp),
      .of(LearnedRhythm(rate: rate, floorSeconds: 0), over: scans, warmUp: warmUp),
      .of(LearnedRhythm(rate: rate, floorSeconds: 30), over: scans, warmUp: warmUp),
      .oracle(over: scans, warmUp: warmUp),
    ]
    for result in results {
      let isOurs = result.name.hasPrefix("Holdfast, floor")
      let what = "\(name): \(result.name)"
      // On gaps with a heavy tail the promise costs time: only the real ones have a target for it.
      let isReal = !SyntheticScans.allCases.contains { $0.rawValue == name }
      table.add(
        Row(
          "\(what), notices after (p50)", result.limits.median, "s",
          target: isOurs && isReal ? 120 : nil, .lowerIsBetter))
      table.add(
        Row("\(what), notices after (p99)", result.limits.percentile(99), "s", .lowerIsBetter))
      table.add(
        Row(
          "\(what), false alarms", result.alarmsPerTenThousand, "of 10,000",
          target: isOurs ? rate * 10_000 : nil, .lowerIsBetter))
    }
  }

  private func text(_ seconds: Double) -> String { String(format: "%.3f", seconds) }
}
