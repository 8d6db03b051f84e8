import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

extension WorkersAPI {
  private static let mostRhythms = 500

  /// What finished scans have taught, so that a worker knows which silence of its own scans is unusual.
  @concurrent
  func rhythms(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try Query(request, known: ["after", "limit"])
    let after = try Self.position(query)
    let limit = try query.limit(default: Self.mostRhythms, most: Self.mostRhythms)
    _ = try await record(context)
    guard let library = store as? any RhythmStore else { return try .json(RemoteRhythms([])) }
    var rhythms = try await asking(context) { () async throws(StoreError) in
      try await library.rhythms(after: after, limit: limit)
    }
    // What other tenants scan is nobody's business; how long scans of a kind are silent is the same for all.
    if context.caller.scope != .all {
      for index in rhythms.indices { rhythms[index].target = "" }
    }
    return try .json(RemoteRhythms(rhythms))
  }

  private static func position(_ query: Query) throws(Problem) -> Int64 {
    guard let text = query["after"] else { return 0 }
    guard let after = Int64(text), after >= 0 else {
      throw .invalid("after", "“after” must be the id of a record, or 0.")
    }
    return after
  }
}
