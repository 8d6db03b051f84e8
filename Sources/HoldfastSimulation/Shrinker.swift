package import HoldfastStorage

/// Makes a failing scenario smaller for as long as it fails in the same way: halves, quarters, and at last single faults and
/// scans are left out.
package enum Shrinker {
  package struct Outcome: Sendable {
    package var scenario: Scenario
    package var violation: Violation
    package var runs: Int
  }

  /// - Parameter maxRuns: how many worlds it may try.
  /// - Throws: ``StoreError`` where SQLite cannot be opened.
  package static func shrink(
    _ scenario: Scenario, _ violation: Violation, defect: Defect? = nil, maxRuns: Int = 150
  ) throws(StoreError) -> Outcome {
    var best = Outcome(scenario: scenario, violation: violation, runs: 0)
    // What comes after the violation is not needed.
    if violation.milliseconds < scenario.endMilliseconds {
      var cut = scenario
      cut.faults.removeAll { $0.at > violation.milliseconds }
      cut.scans.removeAll { $0.submittedAt > violation.milliseconds }
      try attempt(cut, &best, defect)
    }
    var isSmaller = true
    while isSmaller, best.runs < maxRuns {
      let before = (best.scenario.faults.count, best.scenario.scans.count)
      try drop(\.faults, &best, defect, maxRuns)
      try drop(\.scans, &best, defect, maxRuns)
      isSmaller = before != (best.scenario.faults.count, best.scenario.scans.count)
    }
    return best
  }

  private static func drop<Part>(
    _ parts: WritableKeyPath<Scenario, [Part]>, _ best: inout Outcome, _ defect: Defect?,
    _ maxRuns: Int
  ) throws(StoreError) {
    var size = max(1, best.scenario[keyPath: parts].count / 2)
    while true {
      var start = 0
      while start < best.scenario[keyPath: parts].count, best.runs < maxRuns {
        var smaller = best.scenario
        let end = min(start + size, smaller[keyPath: parts].count)
        smaller[keyPath: parts].removeSubrange(start..<end)
        if !(try attempt(smaller, &best, defect)) { start += size }
      }
      if size == 1 || best.runs >= maxRuns { return }
      size = max(1, size / 2)
    }
  }

  @discardableResult
  private static func attempt(
    _ scenario: Scenario, _ best: inout Outcome, _ defect: Defect?
  ) throws(StoreError) -> Bool {
    best.runs += 1
    let result = try Simulation.run(scenario, defect: defect)
    guard let violation = result.violation, violation.invariant == best.violation.invariant else {
      return false
    }
    best.scenario = scenario
    best.violation = violation
    return true
  }
}
