import HTTPTypes
import HoldfastCore
import Hummingbird

/// `GET /api/v1/kinds`: what can be submitted, and what each kind can be told.
struct KindsAPI: Sendable {
  let kinds: KindBook

  func add(to routes: inout Routes) {
    routes.get("/api/v1/kinds", list)
  }

  private struct List: Encodable {
    var items: [Kind]
  }

  private struct Kind: Encodable {
    var name: String
    var about: String?
    /// Whether `holdfast.yaml` declares it.
    var declared: Bool
    /// Whether nothing but programs that claim its scans over HTTP runs them.
    var remote: Bool
    /// `path`, `url` or `text`.
    var target: String
    var parameters: [Parameter]
  }

  /// In the words of JSON Schema.
  private struct Parameter: Encodable {
    var name: String
    var type: String
    var description: String?
    var required = false
    var fallback: JSONValue?
    var minimum: Double?
    var maximum: Double?
    var maxLength: Int?
    var allowed: [JSONValue]?
    var format: String?

    enum CodingKeys: String, CodingKey {
      case name, type, description, required, minimum, maximum, maxLength, format
      case fallback = "default"
      case allowed = "enum"
    }
  }

  @concurrent
  private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let declared = kinds.declared.values.sorted { $0.name < $1.name }.map(Self.kind)
    return try .json(List(items: [Self.library] + declared))
  }

  private static func kind(_ declaration: KindDeclaration) -> Kind {
    Kind(
      name: declaration.name, about: declaration.about, declared: true,
      remote: declaration.isRemote, target: declaration.takesURL ? "url" : "text",
      parameters: declaration.parameters.map { rule in
        Parameter(
          name: rule.name, type: rule.kind.rawValue, description: rule.about,
          required: rule.isRequired && rule.fallback == nil, fallback: rule.fallback,
          minimum: rule.minimum, maximum: rule.maximum,
          maxLength: rule.kind == .string ? rule.maxLength : nil, allowed: rule.allowed,
          format: rule.isURL ? "uri" : nil)
      })
  }

  /// By the names of ``LibraryParameters``.
  private static let library = Kind(
    name: "library",
    about: "Files and folders below a root, and what has changed since the last scan.",
    declared: false, remote: false, target: "path",
    parameters: [
      Parameter(
        name: "allow_removal", type: "boolean",
        description: "Whether more than half of the library may disappear in one scan."),
      Parameter(
        name: "allowed_extensions", type: "array",
        description: "Endings of names, without the dot; other files are errors."),
      Parameter(
        name: "exclude", type: "array", description: "Patterns of what is passed over."),
      Parameter(
        name: "follow_links", type: "boolean",
        description: "Whether links that stay beneath the root are followed."),
      Parameter(
        name: "hash", type: "boolean",
        description: "Whether files' contents are read and compared."),
      Parameter(
        name: "max_size_bytes", type: "integer", description: "Larger files are errors.",
        minimum: 1),
    ])
}
