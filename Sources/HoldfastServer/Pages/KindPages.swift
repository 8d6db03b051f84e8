import HoldfastCore
import HoldfastStorage
import Hummingbird

/// “New scan”: the kinds that the operator has declared, and for each a form made from its parameters, which works without scripts.
struct KindPages: Sendable {
  let pages: Pages

  func add(to routes: inout Routes) {
    routes.get("/new", list)
    routes.get("/new/{name}", form)
    routes.post("/new/{name}", submit)
  }

  private var declared: [KindDeclaration] {
    pages.submitter.kinds.declared.values.sorted { $0.name < $1.name }
  }

  @concurrent
  private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let entries = declared.map { kind in
      KindListView.Entry(
        name: kind.name, href: "/new/\(kind.name)", about: kind.about?.visible ?? "")
    }
    return .html(
      pages.templates.render(
        KindListView(
          frame: pages.frame("New scan", context, stream: nil), entries: entries,
          hasEntries: !entries.isEmpty)))
  }

  @concurrent
  private func form(_ request: Request, _ context: ServerContext) async throws -> Response {
    .html(pages.templates.render(view(of: try kind(context), context)))
  }

  @concurrent
  private func submit(_ request: Request, _ context: ServerContext) async throws -> Response {
    let kind = try kind(context)
    let fields = try await Pages.form(request)
    let wish = Submitter.Wish(
      kind: kind.name, target: (fields["target"] ?? "").trimmed,
      params: .object(Self.params(of: kind, in: fields)), createdBy: context.actor)
    let submission: Submission
    do {
      submission = try await pages.submitter.submit(wish, for: context.caller)
    } catch let problem as Problem {
      // What was typed stays, beside what is wrong with it.
      var view = view(of: kind, context, filledWith: fields)
      view.error = problem.detail
      return .html(pages.templates.render(view), status: problem.kind.status)
    }
    switch submission {
    case .created(let scan), .existing(let scan): return .redirect(to: "/scans/\(scan.number)")
    case .scopeHeld(let holder): throw Submitter.scopeHeld(by: holder)
    }
  }

  private func kind(_ context: ServerContext) throws -> KindDeclaration {
    guard let name = context.parameters.get("name"),
      let kind = pages.submitter.kinds.declared[name]
    else { throw Problem(.notFound, "No kind of this name is declared in holdfast.yaml.") }
    return kind
  }

  /// The fields as parameters. One that is left empty is left out, so that its default holds; a box is false where it is not ticked.
  private static func params(
    of kind: KindDeclaration, in fields: Query
  ) -> [String: JSONValue] {
    var params: [String: JSONValue] = [:]
    for rule in kind.parameters {
      let text = fields[KindView.Field.prefix + rule.name]?.trimmed ?? ""
      switch rule.kind {
      case .boolean: params[rule.name] = .bool(text == "true")
      case _ where text.isEmpty: break
      case .string: params[rule.name] = .string(text)
      // What is no number stays a text, and is told as such.
      case .integer: params[rule.name] = Int64(text).map(JSONValue.int) ?? .string(text)
      case .number:
        params[rule.name] =
          Int64(text).map(JSONValue.int) ?? Double(text).map(JSONValue.double) ?? .string(text)
      }
    }
    return params
  }

  private func view(
    of kind: KindDeclaration, _ context: ServerContext, filledWith fields: Query? = nil
  ) -> KindView {
    KindView(
      frame: pages.frame("New scan: \(kind.name)", context, stream: nil), name: kind.name,
      about: kind.about?.visible, action: "/new/\(kind.name)",
      target: fields?["target"]?.visible ?? "",
      fields: kind.parameters.map { KindView.Field($0, filledWith: fields) })
  }
}

/// What `GET /new` shows.
struct KindListView: PageView {
  var template: String { "kinds" }
  var frame: PageFrame
  var entries: [Entry]
  var hasEntries: Bool

  struct Entry: Sendable {
    var name: String
    var href: String
    var about: String
  }
}

/// What `GET /new/{name}` shows.
struct KindView: PageView {
  var template: String { "kind" }
  var frame: PageFrame
  var name: String
  var about: String?
  var action: String
  var target: String
  var fields: [Field]
  var error: String?

  /// One parameter as a field of the form: a box, a choice, or a line of text or digits.
  struct Field: Sendable {
    /// Names of fields begin with it, so that no parameter can take the place of the form's own.
    static let prefix = "p."

    var name: String
    var label: String
    var value: String
    var isRequired: Bool
    var isBox: Bool
    var isTicked: Bool
    var isChoice: Bool
    var isText: Bool
    var choices: [Choice]
    /// `numeric`, `decimal` or `text`: what a phone's keyboard shows.
    var mode: String
    var maxLength: Int
    /// `nil` where there is nothing to say.
    var hint: String?

    struct Choice: Sendable {
      var value: String
      var label: String
      var isChosen: Bool
    }

    init(_ rule: ParameterRule, filledWith fields: Query?) {
      name = Self.prefix + rule.name
      label = rule.name
      let fallback = rule.fallback?.shownScalar ?? ""
      let typed = fields?[name]
      value = (typed ?? fallback).visible
      isRequired = rule.isRequired && rule.fallback == nil
      isBox = rule.kind == .boolean
      isTicked = fields == nil ? rule.fallback == .bool(true) : typed == "true"
      let allowed = (rule.allowed ?? []).compactMap(\.shownScalar)
      isChoice = !isBox && !allowed.isEmpty
      isText = !isBox && !isChoice
      let none = [Choice(value: "", label: "–", isChosen: (typed ?? fallback).isEmpty)]
      choices =
        (fallback.isEmpty ? none : [])
        + allowed.map { Choice(value: $0, label: $0, isChosen: $0 == typed ?? fallback) }
      mode =
        switch rule.kind {
        case .integer: "numeric"
        case .number: "decimal"
        case .string, .boolean: "text"
        }
      maxLength = rule.maxLength
      hint = Self.hint(rule, isRequired: isRequired)
    }

    private static func hint(_ rule: ParameterRule, isRequired: Bool) -> String? {
      let range: String? =
        switch (rule.minimum?.shownNumber, rule.maximum?.shownNumber) {
        case (let least?, let most?): "\(least) to \(most)"
        case (let least?, nil): "at least \(least)"
        case (nil, let most?): "at most \(most)"
        case (nil, nil): nil
        }
      let parts = [rule.about?.visible, range, isRequired ? "required" : nil].compactMap { $0 }
      return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
  }
}
