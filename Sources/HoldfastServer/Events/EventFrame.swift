import HoldfastCore
import NIOCore

/// Server-sent events, as the HTML standard writes them: `id:`, `event:`, `data:`, an empty line.
enum EventFrame {
  /// What tells the client that it has missed events, and must look for itself.
  static let reset = ByteBuffer(string: "event: reset\ndata: {}\n\n")
  static let heartbeat = ByteBuffer(string: ": heartbeat\n\n")
  /// How long a client waits before it comes back, and a first byte for proxies.
  static let opening = ByteBuffer(string: "retry: 2000\n: holdfast events\n\n")

  /// Several frames as one write; of one, no copy is made.
  static func joined(_ frames: [ByteBuffer]) -> ByteBuffer {
    guard frames.count != 1, var all = frames.first else { return frames.first ?? ByteBuffer() }
    for frame in frames.dropFirst() { all.writeImmutableBuffer(frame) }
    return all
  }

  /// What a `progress` event says of a running scan.
  private struct ProgressData: Encodable {
    var scanID: ScanID
    var number: Int64
    var status: ScanStatus
    var attempt: Int
    var progress: Progress?
    var percentage: Int?
    var ratePerSecond: Double?
    var secondsLeft: Double?
    var progressMessage: String?
    var waitingFor: String?
    var counts: ItemCounts
    var lastActivityAt: Timestamp?
    var progressAt: Timestamp?

    enum CodingKeys: String, CodingKey {
      case number, status, attempt, progress, percentage, counts
      case scanID = "scan_id"
      case ratePerSecond = "rate_per_second"
      case secondsLeft = "seconds_left"
      case progressMessage = "progress_message"
      case waitingFor = "waiting_for"
      case lastActivityAt = "last_activity_at"
      case progressAt = "progress_at"
    }
  }

  static func event(_ event: ScanEvent) throws -> ByteBuffer {
    ByteBuffer(
      string: "id: \(event.id)\nevent: lifecycle\ndata: \(try JSONText.string(event))\n\n")
  }

  static func progress(_ scan: Scan, _ meters: RateMeters) throws -> ByteBuffer {
    let data = ProgressData(
      scanID: scan.id, number: scan.number, status: scan.status, attempt: scan.attempt,
      progress: scan.progress, percentage: scan.progress?.percentage,
      ratePerSecond: meters.rate(of: scan), secondsLeft: meters.secondsLeft(of: scan),
      progressMessage: scan.progressMessage, waitingFor: scan.waitingFor, counts: scan.counts,
      lastActivityAt: scan.lastActivityAt, progressAt: scan.progressAt)
    return ByteBuffer(string: "event: progress\ndata: \(try JSONText.string(data))\n\n")
  }
}
