/// The silence beyond which a scan is suspected, as learned from finished scans (``RhythmModel``).
package struct LearnedLimit: Sendable, Hashable, Codable {
  /// Whose history it rests on, the nearest that had enough.
  package enum Scope: String, Sendable, Hashable, Codable {
    case step, target, kind
  }

  package var seconds: Double
  package var scope: Scope
  /// The finished scans that it rests on.
  package var scans: Int
  /// The share of healthy scans that ever exceed it.
  package var rate: Double

  package init(seconds: Double, scope: Scope, scans: Int, rate: Double) {
    self.seconds = seconds
    self.scope = scope
    self.scans = scans
    self.rate = rate
  }
}

/// A scan that is silent for longer than scans like it ever are.
package struct Suspicion: Sendable, Hashable, Codable {
  package enum Signal: String, Sendable, Hashable, Codable {
    case progress, activity
  }

  package var signal: Signal
  package var silenceSeconds: Double
  package var limit: LearnedLimit
  /// When the silence passed the limit.
  package var since: Timestamp

  package init(
    signal: Signal, silenceSeconds: Double, limit: LearnedLimit, since: Timestamp
  ) {
    self.signal = signal
    self.silenceSeconds = silenceSeconds
    self.limit = limit
    self.since = since
  }

  enum CodingKeys: String, CodingKey {
    case signal, limit, since
    case silenceSeconds = "silence_seconds"
  }

  /// What became of a suspicion between two looks; each of these is told in the scan's story.
  package enum Change: String, Sendable, Hashable, Codable {
    case raised
    /// It moved after all: a false alarm, if nothing was done about it.
    case withdrawn
  }

  /// `nil` where nothing changed. One signal that follows another is the same suspicion.
  package static func change(from old: Suspicion?, to new: Suspicion?) -> Change? {
    switch (old, new) {
    case (nil, .some): .raised
    case (.some, nil): .withdrawn
    case (.some(let old), .some(let new)):
      // Silent again, after it had moved: the first one was withdrawn unseen. Whoever remembers
      // none after a withdrawal finds the second one raised at the next look.
      old.signal == new.signal && old.since != new.since ? .withdrawn : nil
    case (nil, nil): nil
    }
  }
}
