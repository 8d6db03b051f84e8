import Hummingbird

/// Answers each request in a task of its own.
///
/// The memory that a task needed for its deepest call stays with it to its end, and a connection's task lives for as long as its
/// client keeps it open: with ten thousand open streams that is most of what the server takes.
struct TaskResponder: HTTPResponder {
  let base: RouterResponder<ServerContext>

  @concurrent
  func respond(to request: Request, context: ServerContext) async throws -> Response {
    try await withThrowingTaskGroup(of: Response.self) { [base] group in
      group.addTask { try await base.respond(to: request, context: context) }
      // The group has one task.
      return try await group.next() ?? Response(status: .internalServerError)
    }
  }
}
