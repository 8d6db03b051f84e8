/// Who asks.
enum Identity: Sendable, Hashable {
  /// A program with the admin token.
  case token
  /// A person with a session of the page.
  case session(Session)

  /// The name under which it acts, as events keep it.
  var actor: String {
    switch self {
    case .token: "api"
    case .session: "dashboard"
    }
  }
}
