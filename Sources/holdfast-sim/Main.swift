import ArgumentParser
import HoldfastSimulation

/// The simulator's command line.
@main
struct HoldfastSim: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "holdfast-sim",
    abstract: "Simulate workers, faults and operators over the real store and the real decisions.")

  @Option(help: "The first seed.")
  var seed: UInt64 = 1

  @Option(help: "How many seeds, one after the other.")
  var seeds: UInt64 = 1

  @Option(help: "Virtual hours in which things go wrong.")
  var hours = 0.25

  @Option(help: "Workers, each on a machine of its own.")
  var workers = 3

  @Option(help: "Scans that a worker runs at once.")
  var slots = 2

  @Option(help: "Scans that are submitted.")
  var scans = 14

  @Option(help: "Processes that want to lead the sweep.")
  var sweepers = 2

  @Option(help: "Faults an hour.")
  var faults = 140.0

  @Flag(inversion: .prefixedNo, help: "Heal the world at the end and demand that everything ends.")
  var liveness = true

  @Option(help: "Put a defect of the museum back: \(Self.defects).")
  var defect: String?

  @Flag(inversion: .prefixedNo, help: "Look for the smallest scenario that still fails.")
  var shrink = true

  @Flag(help: "Print the trace.")
  var trace = false

  private static let defects = Defect.allCases.map(\.rawValue).joined(separator: ", ")

  func run() throws {
    let size = Scenario.Size(
      workers: workers, slots: slots, scans: scans, hours: hours, sweepers: sweepers,
      faultsPerHour: faults)
    let chosen = try defect.map { name in
      guard let defect = Defect(rawValue: name) else {
        throw ValidationError("there is no defect “\(name)”; there are \(Self.defects)")
      }
      return defect
    }
    let began = ContinuousClock.now
    var requests = 0
    var failed = 0
    for seed in seed..<(seed + seeds) {
      let scenario = Scenario(seed: seed, size: size, demandsLiveness: liveness)
      let result = try Simulation.run(scenario, defect: chosen, traceLines: trace ? 1_000_000 : 0)
      requests += result.requests
      if trace { for line in result.trace { print(line) } }
      print(Self.line(seed, result))
      if let violation = result.violation {
        failed += 1
        try report(scenario, violation, chosen)
      }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    print(
      "\(seeds) seeds in \(Self.tenths(seconds)) s: \(Self.tenths(Double(seeds) / seconds)) seeds/s,"
        + " \(Int(Double(requests) / seconds)) requests/s; \(failed) failed")
    if failed > 0 { throw ExitCode.failure }
  }

  private static func line(_ seed: UInt64, _ result: Simulation.Result) -> String {
    let statuses = result.statuses.sorted { $0.key < $1.key }
      .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    return
      "seed \(seed): \(result.violation == nil ? "holds" : "FAILS"), trace \(result.traceHash),"
      + " \(result.requests) requests, \(Int(result.virtualSeconds)) virtual seconds, \(statuses)"
  }

  private static func tenths(_ number: Double) -> Double { (number * 10).rounded() / 10 }

  private func report(_ scenario: Scenario, _ violation: Violation, _ defect: Defect?) throws {
    print("seed \(scenario.seed) breaks invariant \(violation.invariant): \(violation.text)")
    guard shrink else { return }
    let shrunk = try Shrinker.shrink(scenario, violation, defect: defect)
    let result = try Simulation.run(shrunk.scenario, defect: defect, traceLines: 200)
    print(
      "the smallest that still breaks it (\(shrunk.runs) tries): \(shrunk.scenario.scans.count)"
        + " scans, \(shrunk.scenario.faults.count) faults")
    for fault in shrunk.scenario.faults { print("  \(fault)") }
    for line in result.trace { print("  \(line)") }
  }
}
