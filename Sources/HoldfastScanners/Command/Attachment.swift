import Glibc

/// What this runner shares with the command that started its worker: the streams of the person who typed `holdfast run`, and a socket.
struct Attachment {
  let input: Int32 = 3
  let output: Int32 = 4
  let error: Int32 = 5
  /// Signals for the program come on it, four bytes each; its end goes back as JSON.
  let control: Int32 = 6

  /// `nil` for a runner of an ordinary worker.
  static let current: Attachment? = isAttached ? Attachment() : nil

  /// The first descriptor that nobody gave it.
  static var firstFreeDescriptor: Int32 { isAttached ? 7 : 3 }

  static let isAttached = getenv("HOLDFAST_ATTACHED").map { String(cString: $0) } == "1"

  /// The variables by which a worker talks to its runner; a program does not get them.
  static func isOwn(_ name: String) -> Bool {
    name.hasPrefix("HOLDFAST_LIMIT_")
      || ["HOLDFAST_ATTACHED", "HOLDFAST_END_WITH_PARENT", "HOLDFAST_BREADCRUMBS"].contains(name)
  }
}
