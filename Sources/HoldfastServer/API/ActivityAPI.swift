import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `GET /api/v1/activity`: what the overview plots, in figures.
struct ActivityAPI: Sendable {
  let activity: any ActivityStore
  let plots: OverviewPlots

  func add(to routes: inout Routes) {
    routes.get("/api/v1/activity", show)
  }

  private struct Answer: Encodable {
    var from: Timestamp
    var until: Timestamp
    /// Whether more happened than was read: then the oldest hours are too low.
    var isCut: Bool
    var hours: [Hour]

    enum CodingKeys: String, CodingKey {
      case from, until, hours
      case isCut = "is_cut"
    }
  }

  private struct Hour: Encodable {
    var from: Timestamp
    var ended: [String: Int]
    var p50Seconds: Double?
    var p95Seconds: Double?
    var stuck: [String: Int]
    var recovered: [String: Int]

    enum CodingKeys: String, CodingKey {
      case from, ended, stuck, recovered
      case p50Seconds = "p50_seconds"
      case p95Seconds = "p95_seconds"
    }

    init(_ hour: HourlyActivity.Hour) {
      from = hour.from
      ended = Dictionary(
        uniqueKeysWithValues: HourlyActivity.ends.map { ($0.rawValue, hour.ended[$0] ?? 0) })
      p50Seconds = hour.quantile(0.5)
      p95Seconds = hour.quantile(0.95)
      stuck = hour.stuck
      recovered = hour.recovered
    }
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let happened = try await plots.activity(
      activity.seen(by: context.caller), scope: context.caller.scope)
    let hourly = HourlyActivity(happened, hours: OverviewPlots.hours)
    return try .json(
      Answer(
        from: happened.from, until: happened.until, isCut: happened.isCut,
        hours: hourly.hours.map(Hour.init)))
  }
}
