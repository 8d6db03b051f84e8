/// What an attempt that came to its end in good health teaches about scans like it: how silent it
/// ever was, and how fast it went.
package struct AttemptRhythm: Sendable, Hashable, Codable {
  /// The largest gap between two signs of progress in each step.
  package var progress: [GapTracker.StepGap]
  /// The largest silence of its process tree in each step; empty where it could not be sampled.
  package var activity: [GapTracker.StepGap]
  /// The promised rate under which it was suspected on its way: a false alarm, as is now known.
  /// `nil` if it never was.
  package var suspectedAtRate: Double?
  /// Units of progress that it did itself.
  package var done: Int64
  /// How long it took, declared waits left out.
  package var seconds: Double

  package init(
    progress: [GapTracker.StepGap], activity: [GapTracker.StepGap] = [],
    suspectedAtRate: Double? = nil, done: Int64 = 0, seconds: Double = 0
  ) {
    self.progress = progress
    self.activity = activity
    self.suspectedAtRate = suspectedAtRate
    self.done = done
    self.seconds = seconds
  }

  enum CodingKeys: String, CodingKey {
    case progress, activity, done, seconds
    case suspectedAtRate = "suspected_at_rate"
  }
}

/// An ``AttemptRhythm`` as the database keeps it.
package struct RhythmRecord: Sendable, Hashable, Codable {
  /// Grows with every record.
  package var id: Int64
  package var kind: String
  package var target: String
  package var rhythm: AttemptRhythm

  package init(id: Int64, kind: String, target: String, rhythm: AttemptRhythm) {
    self.id = id
    self.kind = kind
    self.target = target
    self.rhythm = rhythm
  }
}
