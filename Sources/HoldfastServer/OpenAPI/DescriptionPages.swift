import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore

/// `/openapi.yaml` for programs and `/docs` for people: the same description of the API.
struct DescriptionPages: Sendable {
  let pages: Pages

  func add(to routes: inout Routes) {
    routes.get("/openapi.yaml", document)
    routes.get("/docs", page)
  }

  private static let tag = "\"\(Secrets.hash(APIDescription.text).prefix(32))\""
  /// Read once, by the first who asks for the page.
  private static let description = Result { try APIDescription() }

  @concurrent
  private func document(_ request: Request, _ context: ServerContext) async throws -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "application/yaml", .eTag: Self.tag, .cacheControl: "public, no-cache",
      ],
      body: .init(byteBuffer: ByteBuffer(string: APIDescription.text)))
  }

  @concurrent
  private func page(_ request: Request, _ context: ServerContext) async throws -> Response {
    let view = DescriptionView(
      try Self.description.get(), frame: pages.frame("The HTTP API", context, stream: nil))
    return .html(pages.templates.render(view))
  }
}

/// What the page of the API is filled with. Templates see stored properties only.
private struct DescriptionView: PageView {
  var template: String { "docs" }
  var frame: PageFrame
  var introduction: [String]
  var groups: [GroupView]

  struct GroupView: Sendable {
    var id: String
    var name: String
    var description: String
    var operations: [OperationView]
  }

  struct OperationView: Sendable {
    var id: String
    var method: String
    var path: String
    var summary: String
    var lines: [String]
    var hasFields: Bool
    var fields: [APIDescription.Field]
    var answers: [APIDescription.Answer]
  }

  init(_ description: APIDescription, frame: PageFrame) {
    self.frame = frame
    introduction = description.introduction
    groups = description.groups.enumerated().map { index, group in
      GroupView(
        id: "group-\(index)", name: group.name, description: group.description,
        operations: group.operations.enumerated().map { position, operation in
          Self.view(operation, id: "operation-\(index)-\(position)")
        })
    }
  }

  private static func view(
    _ operation: APIDescription.Operation, id: String
  ) -> OperationView {
    let fields = operation.parameters + operation.body
    let access = operation.isOpen ? ["Open to everybody."] : []
    return OperationView(
      id: id, method: operation.method, path: operation.path, summary: operation.summary,
      lines: operation.description.split(separator: "\n").map(String.init) + access,
      hasFields: !fields.isEmpty, fields: fields, answers: operation.answers)
  }
}
