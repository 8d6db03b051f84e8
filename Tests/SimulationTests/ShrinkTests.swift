import HoldfastSimulation
import Testing

@Suite struct ShrinkTests {
  @Test func `A failing world is made smaller, and still fails in the same way`() throws {
    let scenario = Scenario(seed: 1)
    let first = try #require(
      try Simulation.run(scenario, defect: .completesWithoutEvent).violation)
    let smaller = try Shrinker.shrink(
      scenario, first, defect: .completesWithoutEvent, maxRuns: 40)
    #expect(smaller.violation.invariant == first.invariant)
    #expect(smaller.scenario.faults.count < scenario.faults.count)
    #expect(smaller.scenario.scans.count < scenario.scans.count)
    let again = try Simulation.run(
      smaller.scenario, defect: .completesWithoutEvent, traceLines: 100)
    #expect(again.violation == smaller.violation)
    #expect(again.trace.contains { $0.text.contains("scan_claimed") })
  }
}
