package import HoldfastCore

extension SweepRecord {
  /// - Parameter expired: what retention has deleted since the sweep before.
  package init(
    _ report: Sweeper.Report, took: Duration, leader: String, expired: ExpiredRows
  ) {
    func count(_ outcomes: RecoveryApplier.Outcome...) -> Int {
      report.results.count { outcomes.contains($0.outcome) }
    }
    self.init(
      tookMilliseconds: Int64((took.seconds * 1000).rounded()), leader: leader,
      looked: report.looked, found: report.results.count + report.held,
      planned: report.results.count, held: report.held, applied: count(.recovered, .ordered),
      moved: count(.moved), refused: count(.refused), expired: expired)
  }
}
