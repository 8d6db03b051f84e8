import HoldfastCore
import NIOHTTP1
import Yams

@testable import HoldfastServer

/// Holds answers against the schemas of `openapi.yaml`, and more strictly than JSON Schema does: a member that is not described is a
/// fault too.
struct DescribedShapes {
  private let root: JSONValue

  init() throws {
    root = try YAMLDecoder().decode(JSONValue.self, from: APIDescription.text)
  }

  /// What is wrong with an answer.
  ///
  /// - Parameter path: as it is described, with `{…}`.
  func faults(_ method: String, _ path: String, _ answer: Answer) throws -> [String] {
    let operation = root["paths"]?[path]?[method.lowercased()]
    guard let described = operation?["responses"]?["\(answer.status)"].map(followed) else {
      return ["\(answer.status) is not described"]
    }
    let type = answer.headers.first(name: "content-type") ?? ""
    guard let schema = described["content"]?[type]?["schema"] else {
      return answer.text.isEmpty ? [] : ["an answer of type “\(type)” is not described"]
    }
    return faults(of: try answer.json, schema, at: "$")
  }

  private func faults(of value: JSONValue, _ given: JSONValue, at place: String) -> [String] {
    let schema = followed(given)
    if let options = (schema["anyOf"] ?? schema["oneOf"])?.arrayValue {
      let found = options.map { faults(of: value, $0, at: place) }
      return found.min { $0.count < $1.count } ?? []
    }
    if let names = schema["type"], !Self.fits(value, names) {
      return ["\(place) is \(value.serialized.prefix(60)), and not \(names.serialized)"]
    }
    if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) {
      return ["\(place) is \(value.serialized), which is not listed"]
    }
    switch value {
    case .array(let items):
      guard let schema = schema["items"] else { return [] }
      return items.enumerated().flatMap { faults(of: $1, schema, at: "\(place)[\($0)]") }
    case .object(let members): return faults(of: members, schema, at: place)
    default: return []
    }
  }

  private func faults(
    of members: [String: JSONValue], _ schema: JSONValue, at place: String
  ) -> [String] {
    let required = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
    let missing = required.filter { members[$0] == nil }.map { "\(place).\($0) is missing" }
    guard let properties = schema["properties"]?.objectValue else {
      guard let others = schema["additionalProperties"], others.objectValue != nil else {
        return missing
      }
      return missing + members.flatMap { faults(of: $1, others, at: "\(place).\($0)") }
    }
    return missing
      + members.sorted { $0.key < $1.key }.flatMap { name, value in
        properties[name].map { faults(of: value, $0, at: "\(place).\(name)") }
          ?? ["\(place).\(name) is not described"]
      }
  }

  private static func fits(_ value: JSONValue, _ types: JSONValue) -> Bool {
    let names = types.arrayValue?.compactMap(\.stringValue) ?? [types.stringValue ?? ""]
    return names.contains { name in
      switch (name, value) {
      case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array),
        ("object", .object), ("number", .int), ("number", .double):
        true
      case ("integer", _): value.intValue != nil
      default: false
      }
    }
  }

  private func followed(_ node: JSONValue) -> JSONValue {
    guard let reference = node["$ref"]?.stringValue else { return node }
    var target: JSONValue? = root
    for step in reference.split(separator: "/").dropFirst() { target = target?[String(step)] }
    return target.map(followed) ?? node
  }
}
