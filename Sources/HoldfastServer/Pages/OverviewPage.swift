import HoldfastCore
import HoldfastStorage
import Hummingbird

/// What the overview shows.
struct OverviewView: PageView {
  var template: String { "overview" }
  var frame: PageFrame
  var score: String
  /// The style: `good`, `fair` or `bad`.
  var scoreStyle: String
  /// What a screen reader hears when it changes.
  var announcement: String
  var losses: [Loss]
  var hasLosses: Bool
  var attention: [Attention]
  var hasAttention: Bool
  var attentionMore: String?
  var rows: [ListView.Row]
  var hasRows: Bool
  var runningMore: String?
  var kinds: [Kind]
  var hasKinds: Bool
  var workers: [ListView.Worker]
  var hasWorkers: Bool
  var plots: [Plot]
  var isCut: Bool

  struct Loss: Sendable {
    var points: String
    var sentence: String
  }

  /// A scan that needs somebody, why, and what may be done.
  struct Attention: Sendable {
    var number: Int64
    var href: String
    var kind: String
    var target: String
    var verdict: String
    var style: String
    var sentence: String
    var plan: String
    var actions: [ScanView.Action]
  }

  struct Kind: Sendable {
    var name: String
    var pending: String
    var running: String
    var paused: String
  }
}

/// `GET /overview`: how it all does, and what needs somebody now.
struct OverviewPage: Sendable {
  let pages: Pages
  let cleanup: any CleanupService
  let activity: any ActivityStore
  let plots: OverviewPlots

  private static let mostAttention = 20
  private static let mostRunning = 10
  private static let mostSuspected = 200

  func add(to routes: inout Routes) {
    routes.get("/overview", show)
  }

  @concurrent
  private func show(_ request: Request, _ context: ServerContext) async throws -> Response {
    let store = pages.store.seen(by: context.caller)
    let cleanup = cleanup.seen(by: context.caller)
    let activity = activity.seen(by: context.caller)
    let health = try await cleanup.health()
    let plan = try await cleanup.clean(.init(), dryRun: true, by: context.actor).plan
    let running = try await store.scans(
      ScanFilter(statuses: [.running]), cursor: nil, limit: Self.mostRunning + 1
    ).items
    let suspected = try await store.scans(
      ScanFilter(doubt: .suspected), cursor: nil, limit: Self.mostSuspected
    ).items
    let now = try await store.now()
    let workers = try await LiveWorker.all(in: store, now: now)
    let kinds = Self.kinds(try await store.queueDepth())
    let happened = try await plots.activity(activity, scope: context.caller.scope)
    let attention = try await attention(
      plan, suspected: suspected, in: store, mayAct: context.may(.operator))
    let shown = running.prefix(Self.mostRunning)
    return .html(
      pages.templates.render(
        OverviewView(
          frame: pages.frame("Overview", context, stream: "/api/v1/events"),
          score: "\(health.score)", scoreStyle: Self.style(of: health.score),
          announcement: "Health \(health.score) of 100, "
            + Words.plural(Int64(attention.total), "scan needs", "scans need") + " attention",
          losses: health.losses.map { loss in
            // The sentence begins with the points, which have a place of their own here.
            OverviewView.Loss(
              points: "−\(loss.points)",
              sentence: String(loss.sentence.drop { $0 != ":" }.dropFirst(2)).visible)
          }, hasLosses: !health.losses.isEmpty,
          attention: attention.shown, hasAttention: attention.total > 0,
          attentionMore: attention.total > attention.shown.count
            ? "\(attention.total - attention.shown.count) more" : nil,
          rows: shown.map { ListView.Row($0, now: now, meters: pages.hub.meters) },
          hasRows: !shown.isEmpty,
          runningMore: running.count > shown.count ? "All running scans" : nil,
          kinds: kinds, hasKinds: !kinds.isEmpty,
          workers: workers.map(\.shown), hasWorkers: !workers.isEmpty,
          plots: OverviewPlots.plots(happened), isCut: happened.isCut)))
  }

  private static func style(of score: Int) -> String {
    score >= 90 ? "good" : score >= 60 ? "fair" : "bad"
  }

  private static func kinds(_ depths: [QueueDepth]) -> [OverviewView.Kind] {
    var kinds: [OverviewView.Kind] = []
    for depth in depths {
      if kinds.last?.name != depth.kind.visible {
        kinds.append(.init(name: depth.kind.visible, pending: "0", running: "0", paused: "0"))
      }
      let last = kinds.count - 1
      let count = Words.number(depth.count)
      switch depth.status {
      case .pending: kinds[last].pending = count
      case .running: kinds[last].running = count
      case .paused: kinds[last].paused = count
      case .completed, .partial, .failed, .cancelled: break
      }
    }
    return kinds
  }

  /// What is stuck comes first, what is only suspected after it.
  private func attention(
    _ plan: RecoveryPlan, suspected: [Scan], in store: any ScanStore, mayAct: Bool
  ) async throws(StoreError) -> (shown: [OverviewView.Attention], total: Int) {
    let stuck = plan.entries + plan.held
    var shown: [OverviewView.Attention] = []
    for entry in stuck.prefix(Self.mostAttention) {
      // One that was deleted meanwhile needs nobody.
      guard let scan = try await store.scan(.id(entry.scanID)) else { continue }
      shown.append(
        Self.attention(
          scan, isStuck: true, mayAct: mayAct,
          verdict: entry.verdict.kind.rawValue.replacing("_", with: " "),
          style: "error",
          sentence: entry.verdict.sentence,
          // “It is marked as failed” alone would read as if it had been.
          plan: "Next, i" + CleanupPages.words(for: entry.decision.action).dropFirst()))
    }
    let named = Set(stuck.map(\.scanID))
    let suspected = suspected.filter { !named.contains($0.id) }
    for scan in suspected.prefix(Self.mostAttention - shown.count) {
      shown.append(
        Self.attention(
          scan, isStuck: false, mayAct: mayAct, verdict: "suspected", style: "warning",
          sentence: scan.suspicion?["sentence"]?.stringValue
            ?? "It is silent for longer than ever.",
          plan: "Its fixed limits still hold."))
    }
    return (shown, stuck.count + suspected.count)
  }

  private static func attention(
    _ scan: Scan, isStuck: Bool, mayAct: Bool, verdict: String, style: String, sentence: String,
    plan: String
  ) -> OverviewView.Attention {
    OverviewView.Attention(
      number: scan.number, href: "/scans/\(scan.number)", kind: scan.kind.visible,
      target: scan.target.visible, verdict: verdict, style: style,
      sentence: Words.sentence(sentence, of: scan),
      plan: plan,
      actions: !mayAct
        ? []
        : ScanView.Action.all(for: scan, isStuck: isStuck).filter {
          ["resume", "requeue", "fail", "cancel"].contains($0.name)
        }.map { $0.of(scan) })
  }
}
