import HoldfastCore
import HoldfastStorage

/// Why a command ends without success: what the person or program that called it needs to know.
struct CommandFailure: Error, Sendable, Hashable {
  var status: ExitStatus
  /// One sentence without its full stop: what is wrong.
  var title: String
  /// What would be right, or what to do now.
  var detail: String?

  init(_ status: ExitStatus, _ title: String, detail: String? = nil) {
    self.status = status
    self.title = title
    self.detail = detail
  }

  init(_ error: StoreError) {
    switch error {
    case .unavailable:
      self.init(.databaseUnavailable, "\(error)")
    case .newerSchema, .olderSchema:
      self.init(.configuration, "\(error)")
    case .badURL, .badCursor:
      self.init(.usage, "\(error)")
    case .statement:
      self.init(.internalError, "\(error)")
    }
  }

  static func noSuchScan(_ reference: String) -> CommandFailure {
    CommandFailure(
      .noSuchScan, "there is no scan \(DisplayText.escaped(reference))",
      detail: "`holdfast list --all` shows every scan")
  }
}

extension CommandFailure: Encodable {
  enum CodingKeys: String, CodingKey {
    case title, detail, code
    case exitStatus = "exit_status"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(title, forKey: .title)
    try container.encodeIfPresent(detail, forKey: .detail)
    try container.encode(status.code, forKey: .code)
    try container.encode(status.rawValue, forKey: .exitStatus)
  }
}
