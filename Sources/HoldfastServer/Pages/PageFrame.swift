/// What every page has around its content.
struct PageFrame: Sendable {
  var title: String
  var assets: Assets.Names
  var version: String
  /// `nil` for somebody who has not signed in.
  var csrfToken: String?
  /// Whether what changes something is offered.
  var mayAct = false
  /// The address of the events that keep the page current; `nil` for a page that does not change.
  var stream: String?
  /// The main pages; none for somebody who has not signed in.
  var navigation: [Link] = []

  struct Link: Sendable {
    var label: String
    var href: String
    var isCurrent: Bool
  }
}
