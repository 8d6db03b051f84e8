import HTTPTypes
import HoldfastCore
import HoldfastStorage
import Hummingbird

/// `GET /workers`: who runs scans, how busy each is, and when each was last heard.
struct WorkersPage: Sendable {
  let pages: Pages

  func add(to routes: inout Routes) {
    routes.get("/workers", show)
  }

  private struct WorkersView: PageView {
    var template: String { "workers" }
    var frame: PageFrame
    var summary: String
    var rows: [Row]
    var hasRows: Bool
  }

  private struct Row: Sendable {
    var name: String
    var host: String
    var status: String
    /// The style: `good`, `warn` or `calm`.
    var tone: String
    var busy: Int
    var slots: Int
    var slotsText: String
    var heard: ScanView.Clock
    var every: String
    var started: ShownTime
    var kinds: String
    var version: String
    var scans: [Int64]
    var hasScans: Bool

    /// - Parameters:
    ///   - scans: those that it runs, as far as the reader may see them.
    ///   - knowsAll: whether these are all; otherwise its own count says how many, which is as old as its heartbeat.
    init(_ worker: LiveWorker, scans: [RunningScan], knowsAll: Bool) {
      let record = worker.record
      let silence = worker.now.seconds(since: record.lastHeartbeatAt)
      name = record.name.visible
      host = record.host.visible
      (status, tone) =
        if record.isSilent(for: silence) {
          ("Silent", "warn")
        } else if record.status == "alive" {
          ("Alive", "good")
        } else {
          (HeldView.words(record.status), "calm")
        }
      busy = knowsAll ? scans.count : max(record.running, scans.count)
      slots = max(1, record.slots)
      slotsText = "\(busy) of \(Words.plural(Int64(record.slots), "slot", "slots"))"
      heard = ScanView.Clock("Heard", record.lastHeartbeatAt, now: worker.now)
      every = "every \(Words.duration(record.heartbeatIntervalSeconds))"
      started = ShownTime(record.startedAt)
      kinds = record.kinds.isEmpty ? "any kind" : record.kinds.joined(separator: ", ").visible
      version = record.version.visible
      self.scans = scans.prefix(20).map(\.number)
      hasScans = !scans.isEmpty
    }
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try Query(request, known: [])
    let store = pages.store.seen(by: context.caller)
    let now = try await store.now()
    let running = try await store.runningScans(limit: LiveWorker.mostRunning)
    let workers = LiveWorker.all(try await store.presentWorkers(), running: running, now: now)
    let knowsAll = context.caller.scope == .all && running.count < LiveWorker.mostRunning
    let byWorker = Dictionary(grouping: running, by: \.workerID)
    let rows = workers.map { worker in
      Row(worker, scans: byWorker[worker.record.id] ?? [], knowsAll: knowsAll)
    }
    let busy = rows.reduce(0) { $0 + $1.busy }
    let slots = rows.reduce(0) { $0 + $1.slots }
    return .html(
      pages.templates.render(
        WorkersView(
          frame: pages.frame("Workers", context, stream: "/api/v1/events"),
          summary: "\(Words.plural(Int64(rows.count), "worker", "workers")), \(busy) of "
            + "\(Words.plural(Int64(slots), "slot", "slots")) busy",
          rows: rows, hasRows: !rows.isEmpty)))
  }
}
