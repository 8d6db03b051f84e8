import HoldfastCore
import Synchronization

/// The lives that a store has asked about.
final class LifeList: Sendable {
  private let lives = Mutex<[WorkerRecord]>([])

  var all: [WorkerRecord] { lives.withLock { $0 } }

  func add(_ life: WorkerRecord) { lives.withLock { $0.append(life) } }
}
