import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore

/// The bodies that workers send: larger than others, and read in a tenth of the time.
extension JSONBody {
  /// - Throws: ``Problem``.
  init(ofWorker request: Request, known: [String]) async throws {
    let text = try await request.limitedBody(RemoteProtocol.maxBodyBytes)
    guard request.mediaType == "application/json" else {
      throw Problem(.unsupportedMediaType, "The body must be application/json.")
    }
    try self.init(members: try Self.parsed(text), known: known)
  }

  /// A list of texts; `nil` if the member is absent or null.
  func names(_ name: String, most: Int = 1000) throws(Problem) -> [String]? {
    switch members[name] {
    case nil, .null: return nil
    case .array(let values) where values.count <= most:
      var names: [String] = []
      for value in values {
        guard let text = value.stringValue else {
          throw .invalid(name, "“\(name)” must be a list of texts.")
        }
        try Text.check(text, as: name, most: 255)
        names.append(text)
      }
      return names
    case .some:
      throw .invalid(name, "“\(name)” must be a list of at most \(most) texts.")
    }
  }

  /// The objects of a list.
  func objects(
    _ name: String, most: Int, known: [String]
  ) throws(Problem) -> [JSONBody] {
    guard case .array(let values)? = members[name], values.count <= most else {
      throw .invalid(name, "“\(name)” must be a list of at most \(most) objects.")
    }
    var objects: [JSONBody] = []
    objects.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard let members = value.objectValue else {
        throw .invalid("\(name)[\(index)]", "“\(name)[\(index)]” must be an object.")
      }
      objects.append(try JSONBody(members: members, known: known, at: "\(name)[\(index)]."))
    }
    return objects
  }

  /// `scan_id` and `token`.
  func lease() throws(Problem) -> Lease {
    let text = try requiredText("scan_id", most: 64)
    guard let id = ScanID(text) else {
      throw .invalid(field("scan_id"), "“\(field("scan_id"))” must be a scan's UUID.")
    }
    guard let token = try wholeNumber("token", in: 1...Int64.max) else {
      throw .invalid(
        field("token"), "“\(field("token"))” is missing; it must be the token of the lease.")
    }
    return Lease(scanID: id, token: token)
  }

  /// The runner's messages of a list; those of an unknown type are left out.
  func runnerMessages(_ name: String) throws(Problem) -> [RunnerMessage] {
    switch members[name] {
    case nil, .null: return []
    case .array(let values):
      var messages: [RunnerMessage] = []
      messages.reserveCapacity(values.count)
      for value in values {
        if let message = try Self.runnerMessage(value, at: field(name)) {
          messages.append(message)
        }
      }
      return messages
    case .some: throw .invalid(field(name), "“\(field(name))” must be a list of messages.")
    }
  }

  static func runnerMessage(
    _ value: JSONValue, at field: String
  ) throws(Problem) -> RunnerMessage? {
    do throws(RunnerMessageReader.Malformed) {
      return try RunnerMessageReader.message(value)
    } catch {
      throw .invalid(field, "A message is malformed: \(error.description.visible).")
    }
  }
}
