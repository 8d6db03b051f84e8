/// One thing that goes wrong in a round, and when.
struct Fault: Sendable, CustomStringConvertible {
  enum Kind: Sendable, Equatable {
    /// SIGKILL for a worker, which starts again after so many milliseconds.
    case killWorker(Int, downFor: Int)
    /// SIGKILL for one of the runners that a worker has at that moment.
    case killRunner(Int)
    /// SIGSTOP for a worker, and SIGCONT.
    case stopWorker(Int, milliseconds: Int)
    /// SIGSTOP for one of a worker's runners, and SIGCONT if it is still there.
    case stopRunner(Int, milliseconds: Int)
    /// SIGTERM for a worker, which starts again as soon as it has ended.
    case restartWorker(Int)
    /// The database server dies as in a power cut. Where the database is a file, all that has it open dies.
    case killDatabase(downFor: Int)
  }

  /// Milliseconds after the round's scans were submitted.
  var at: Int
  var kind: Kind

  var description: String { "\(at) ms: \(kind)" }

  /// The faults of one round: the same for the same seed and round, whatever came before.
  static func round(_ round: Int, seed: UInt64, workers: Int) -> [Fault] {
    var random = ChaosRandom(seed: seed ^ (UInt64(round &+ 1) &* 0xD1B5_4A32_D192_ED03))
    return (0..<random.pick(1...3)).map { _ in
      let worker = random.pick(0...(workers - 1))
      let kind: Kind =
        switch random.pick(0...11) {
        case 0...2: .killWorker(worker, downFor: random.pick(0...3000))
        case 3...5: .killRunner(worker)
        case 6, 7: .stopWorker(worker, milliseconds: random.pick(200...6000))
        case 8: .stopRunner(worker, milliseconds: random.pick(200...6000))
        case 9: .restartWorker(worker)
        default: .killDatabase(downFor: random.pick(0...2000))
        }
      return Fault(at: random.pick(0...1200), kind: kind)
    }.sorted { $0.at < $1.at }
  }
}

/// SplitMix64: small, and the same numbers for the same seed on every machine.
struct ChaosRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
