import HoldfastSimulation
import Testing

@Suite struct SeedTests {
  @Test(arguments: 0..<10)
  func `Thirty worlds keep every promise`(block: Int) throws {
    for seed in UInt64(block * 30 + 1)...UInt64(block * 30 + 30) {
      let result = try Simulation.run(Scenario(seed: seed))
      if let violation = result.violation {
        Issue.record(
          "seed \(seed), invariant \(violation.invariant): \(violation.text)")
      }
    }
  }

  @Test(arguments: [1, 17, 255] as [UInt64])
  func `The same seed gives the same trace`(seed: UInt64) throws {
    let first = try Simulation.run(Scenario(seed: seed))
    let second = try Simulation.run(Scenario(seed: seed))
    #expect(first.traceHash == second.traceHash)
    #expect(first.requests == second.requests)
    let other = try Simulation.run(Scenario(seed: seed + 1))
    #expect(other.traceHash != first.traceHash)
  }
}
