import HoldfastSimulation
import Testing

/// Each defect of the museum is put back, and is to be found by the check of a promise that it breaks.
@Suite struct MuseumTests {
  /// How many worlds a defect may hide in.
  static let seeds: ClosedRange<UInt64> = 1...120

  @Test(arguments: Defect.allCases)
  func `Every defect is found`(defect: Defect) throws {
    for seed in Self.seeds {
      let result = try Simulation.run(Scenario(seed: seed), defect: defect)
      guard let violation = result.violation else { continue }
      #expect(
        defect.invariants.contains(violation.invariant),
        "seed \(seed) found it by invariant \(violation.invariant): \(violation.text)")
      // What breaks is the defect, and not the world that it was put into.
      let without = try Simulation.run(Scenario(seed: seed))
      #expect(without.violation == nil)
      return
    }
    Issue.record("\(defect.rawValue) was not found within \(Self.seeds.count) worlds")
  }
}
