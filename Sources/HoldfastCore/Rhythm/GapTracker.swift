/// Follows one attempt's silences: the largest gap between two signs of life in each of its steps.
///
/// The clock is any steady one of the tracker's own process, in seconds.
package struct GapTracker: Sendable, Hashable {
  /// A step of an attempt and its largest gap.
  package struct StepGap: Sendable, Hashable, Codable {
    package var step: String
    package var seconds: Double

    package init(step: String, seconds: Double) {
      self.step = step
      self.seconds = seconds
    }
  }

  /// Further steps share one entry under the empty name.
  package static let maxSteps = 32

  private var largest: [String: Double] = [:]
  private var lastAt: Double
  package private(set) var step: String

  /// Begins with the attempt's claim.
  package init(at seconds: Double, step: String = "") {
    lastAt = seconds
    self.step = step
  }

  /// A sign of life. A gap belongs to the step in which it began: that is the step that was silent.
  package mutating func moved(at seconds: Double, step next: String? = nil) {
    record(seconds - lastAt)
    lastAt = max(lastAt, seconds)
    if let next { step = next }
  }

  /// A declared wait of so many seconds has ended, and is no silence.
  package mutating func waited(seconds: Double) {
    lastAt += max(0, seconds)
  }

  /// How long it has been silent by now.
  package func silence(at seconds: Double) -> Double { max(0, seconds - lastAt) }

  /// All gaps of an attempt that ended at `seconds`, by name of the step; the silence before its
  /// end is one too.
  package func finished(at seconds: Double) -> [StepGap] {
    var last = self
    last.record(seconds - lastAt)
    return last.largest.sorted { $0.key < $1.key }.map { StepGap(step: $0.key, seconds: $0.value) }
  }

  private mutating func record(_ gap: Double) {
    guard gap > 0 else { return }
    let key = largest[step] != nil || largest.count < Self.maxSteps - 1 ? step : ""
    largest[key] = max(largest[key] ?? 0, gap)
  }
}
