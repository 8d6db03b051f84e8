import Mustache

/// The pages' templates, embedded in the program and read once.
struct Templates: Sendable {
  private let library: MustacheLibrary

  init() throws {
    var library = MustacheLibrary()
    for (name, bytes) in [
      ("layout", PackageResources.layout_mustache), ("badge", PackageResources.badge_mustache),
      ("list", PackageResources.list_mustache), ("scan", PackageResources.scan_mustache),
      ("signin", PackageResources.signin_mustache),
      ("signedin", PackageResources.signedin_mustache),
      ("problem", PackageResources.problem_mustache),
      ("confirm", PackageResources.confirm_mustache),
      ("overview", PackageResources.overview_mustache),
      ("docs", PackageResources.docs_mustache),
    ] {
      try library.register(String(decoding: bytes, as: UTF8.self), named: name)
    }
    self.library = library
  }

  /// Renders a page; every value is escaped as HTML.
  func render(_ view: some PageView) -> String {
    guard let text = library.render(view, withTemplate: view.template) else {
      preconditionFailure("there is no template “\(view.template)”")
    }
    return text
  }
}

/// What a template is filled with. Templates name the stored properties.
protocol PageView: Sendable {
  var template: String { get }
}
