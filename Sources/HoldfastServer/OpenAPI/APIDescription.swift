import Yams

/// The API's own description, written by hand in `Resources/Assets/openapi.yaml` (OpenAPI 3.1): what
/// the page of `/docs` shows, and what tests hold against the routes.
struct APIDescription: Sendable {
  /// One method of one address.
  struct Operation: Sendable {
    var method: String
    var path: String
    var tag: String
    var summary: String
    var description: String
    var isOpen: Bool
    var parameters: [Field]
    var body: [Field]
    var answers: [Answer]
  }

  /// A parameter, or a member of the body.
  struct Field: Sendable {
    var name: String
    /// `path`, `query`, `header` or `body`.
    var place: String
    var type: String
    var isRequired: Bool
    var description: String
  }

  struct Answer: Sendable {
    var status: String
    var description: String
  }

  struct Group: Sendable {
    var name: String
    var description: String
    var operations: [Operation]
  }

  static let text = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)

  var title: String
  /// One entry for each line of the description.
  var introduction: [String]
  var groups: [Group]

  var operations: [Operation] { groups.flatMap(\.operations) }

  /// - Throws: what is wrong with the text, as Yams tells it.
  init(yaml: String = APIDescription.text) throws {
    let root = try compose(yaml: yaml) ?? Node("")
    let reader = APIDescriptionReader(root: root)
    title = root["info"]?["title"]?.string ?? ""
    introduction = APIDescriptionReader.text(root["info"], "description")
      .split(separator: "\n").map(String.init)
    let operations = reader.operations()
    groups = (root["tags"]?.array() ?? []).map { tag in
      let name = tag["name"]?.string ?? ""
      return Group(
        name: name, description: APIDescriptionReader.text(tag, "description"),
        operations: operations.filter { $0.tag == name })
    }
  }
}

/// Reads operations out of the document's nodes, with their references followed.
struct APIDescriptionReader {
  let root: Node

  private static let methods = ["get", "post", "put", "patch", "delete"]

  func operations() -> [APIDescription.Operation] {
    members(root["paths"]).flatMap { path, item in
      members(item).filter { Self.methods.contains($0.name) }.map { method, node in
        operation(method.uppercased(), path, node, shared: item["parameters"])
      }
    }
  }

  static func text(_ node: Node?, _ name: String) -> String { node?[name]?.string ?? "" }

  private func operation(
    _ method: String, _ path: String, _ node: Node, shared: Node?
  ) -> APIDescription.Operation {
    let parameters = (shared?.array() ?? []) + (node["parameters"]?.array() ?? [])
    return APIDescription.Operation(
      method: method, path: path, tag: node["tags"]?.array().first?.string ?? "",
      summary: Self.text(node, "summary"), description: Self.text(node, "description"),
      isOpen: node["security"]?.array().isEmpty ?? false,
      parameters: parameters.map(parameter), body: body(node["requestBody"].map(followed)),
      answers: members(node["responses"]).map { status, answer in
        .init(status: status, description: Self.text(followed(answer), "description"))
      })
  }

  private func parameter(_ node: Node) -> APIDescription.Field {
    let node = followed(node)
    return .init(
      name: Self.text(node, "name"), place: Self.text(node, "in"), type: type(node["schema"]),
      isRequired: node["required"]?.bool ?? false,
      description: Self.text(node, "description"))
  }

  /// The members of a JSON body.
  private func body(_ node: Node?) -> [APIDescription.Field] {
    guard let schema = node?["content"]?["application/json"]?["schema"].map(followed) else {
      return []
    }
    let required = (schema["required"]?.array() ?? []).compactMap(\.string)
    return members(schema["properties"]).map { name, member in
      .init(
        name: name, place: "body", type: type(member), isRequired: required.contains(name),
        description: description(of: member))
    }
  }

  /// What the member says of itself, else what the schema that it refers to says.
  private func description(of member: Node) -> String {
    let own = Self.text(member, "description")
    return own.isEmpty ? Self.text(followed(member), "description") : own
  }

  /// A schema in a few words.
  private func type(_ schema: Node?) -> String {
    guard let schema = schema.map(followed) else { return "any" }
    if let names = schema["enum"]?.array() {
      return names.compactMap(\.string).joined(separator: " | ")
    }
    if let options = schema["anyOf"]?.array() {
      let types = options.map { type($0) }.filter { $0 != "null" }
      let distinct = types.indices.filter { !types[..<$0].contains(types[$0]) }.map { types[$0] }
      return distinct.joined(separator: " or ")
    }
    let named = schema["type"]?.string ?? schema["type"]?.array().first?.string ?? "any"
    switch named {
    case "array": return "list of \(type(schema["items"]))"
    case "integer", "number":
      let bounds = [schema["minimum"], schema["maximum"]].map { $0?.string }
      if let low = bounds[0], let high = bounds[1] { return "\(named) \(low)–\(high)" }
      return named
    default: return named
    }
  }

  private func followed(_ node: Node) -> Node {
    guard let reference = node["$ref"]?.string else { return node }
    var target: Node? = root
    for step in reference.split(separator: "/").dropFirst() { target = target?[String(step)] }
    return target ?? node
  }

  private func members(_ node: Node?) -> [(name: String, value: Node)] {
    guard case .mapping(let mapping)? = node else { return [] }
    return mapping.compactMap { key, value in key.string.map { ($0, value) } }
  }
}
