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
      ("cleanup", PackageResources.cleanup_mustache),
      ("cleanupdone", PackageResources.cleanupdone_mustache),
      ("reset", PackageResources.reset_mustache),
      ("workers", PackageResources.workers_mustache),
      ("policies", PackageResources.policies_mustache),
      ("schedules", PackageResources.schedules_mustache),
      ("tokens", PackageResources.tokens_mustache), ("users", PackageResources.users_mustache),
      ("accessfields", PackageResources.accessfields_mustache),
      ("account", PackageResources.account_mustache),
      ("audit", PackageResources.audit_mustache),
      ("overview", PackageResources.overview_mustache),
      ("docs", PackageResources.docs_mustache),
      ("workerlist", PackageResources.workerlist_mustache),
      ("actions", PackageResources.actions_mustache), ("bulk", PackageResources.bulk_mustache),
      ("bulkdone", PackageResources.bulkdone_mustache),
      ("paging", PackageResources.paging_mustache), ("held", PackageResources.held_mustache),
      ("diagnosis", PackageResources.diagnosis_mustache), ("why", PackageResources.why_mustache),
      ("kinds", PackageResources.kinds_mustache), ("kind", PackageResources.kind_mustache),
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
