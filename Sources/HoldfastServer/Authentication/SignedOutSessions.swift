/// The sessions that were signed out before their time: what a cookie's signature cannot tell.
///
/// Kept in the database as one setting, so that a sign-out holds after a restart too. An entry goes
/// once its session would have expired anyway, so there are never many.
struct SignedOutSessions: Sendable, Hashable {
  static let settingName = "signed_out_sessions"

  /// The hash of a session's id, and when it expires in seconds since 1970. Hashes, because an id is
  /// half of what a cookie holds.
  private var expiries: [String: Int64] = [:]

  init() {}

  /// Reads ``text``; lines of another form are passed over.
  init(text: String) {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 2, let expires = Int64(parts[1]) else { continue }
      expiries[String(parts[0])] = expires
    }
  }

  /// One line for each session.
  var text: String {
    expiries.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
  }

  func contains(_ session: Session) -> Bool { expiries[Secrets.hash(session.id)] != nil }

  mutating func insert(_ session: Session) {
    expiries[Secrets.hash(session.id)] = session.expires
  }

  /// Adds what another server or an earlier life wrote, and drops what is over.
  mutating func merge(_ other: SignedOutSessions, now: Int64) {
    expiries = expiries.merging(other.expiries) { max($0, $1) }.filter { $0.value > now }
  }
}
