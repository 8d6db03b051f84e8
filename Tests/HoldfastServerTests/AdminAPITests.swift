import HoldfastCore
import HoldfastEngine
import HoldfastServer
import HoldfastStorage
import Logging
import NIOHTTP1
import Testing

/// `/api/admin/*` in the shapes of the runbook of stuck website scans.
@Suite(.timeLimit(.minutes(2))) struct AdminAPITests {
  private static let path = "/api/admin/cleanup-scans"

  @Test func aHealthyServerHasAllItsPoints() async throws {
    try await TestServer.run { server in
      let answer = try await server.get(Self.path)
      #expect(answer.status == 200)
      #expect(
        try answer.json == [
          "success": true,
          "healthMetrics": [
            "totalScans": 0, "runningScans": 0, "staleScans": 0, "timeoutScans": 0,
            "healthScore": 100,
          ],
          "stuckScans": [], "recommendations": [], "lostPoints": [],
        ])
      #expect(try await server.get(Self.path, as: .none).problem == "not-signed-in")
      #expect(try await server.post(Self.path, as: .none).problem == "not-signed-in")
      #expect(try await server.get(Self.path + "?x=1").problem == "unknown-field")
    }
  }

  /// One of two running scans has a stale heartbeat: the runbook's own example, with its 85 points.
  @Test(arguments: TestDatabase.allCases)
  func theRunbooksExample(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let (stale, _) = try await Self.twoRunning(server)
      let answer = try await server.get(Self.path).json
      #expect(answer["success"] == true)
      #expect(
        answer["healthMetrics"] == [
          "totalScans": 2, "runningScans": 2, "staleScans": 1, "timeoutScans": 0,
          "healthScore": 85,
        ])
      #expect(
        answer["stuckScans"] == [
          [
            "scanId": .string("\(stale.id)"), "reason": "heartbeat_stale", "ageMinutes": 9,
            "heartbeatAgeMinutes": 8,
          ]
        ])
      let recommendations = try #require(answer["recommendations"]?.arrayValue)
      #expect(
        recommendations.first
          == "1 scans have stale heartbeats. Check scan execution environment.")
      #expect(recommendations.last?.stringValue?.hasPrefix("Scan \(stale.number) ") == true)
      let lost = try #require(answer["lostPoints"]?.arrayValue?.first)
      #expect(lost["cause"] == "stale")
      #expect(lost["points"] == 15)
      #expect(lost["scans"] == [.int(stale.number)])
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aDryRunListsWhatTheRealRunDoes(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database) { server in
      let (stale, healthy) = try await Self.twoRunning(server)
      let before = try await server.store.scan(.id(stale.id))
      let preview = try await server.post(
        Self.path, ["dryRun": true, "maxRuntimeMinutes": 15, "heartbeatStaleMinutes": 5]
      ).json
      #expect(preview["dryRun"] == true)
      #expect(preview["cleanedCount"] == 0)
      #expect(preview["stuckScans"]?.arrayValue?.map { $0["scanId"] } == [.string("\(stale.id)")])
      #expect(try await server.store.scan(.id(stale.id)) == before)

      let done = try await server.post(
        Self.path, ["dryRun": false, "maxRuntimeMinutes": 15, "heartbeatStaleMinutes": 5]
      ).json
      #expect(done["plan"] == preview["plan"])
      #expect(done["cleanedCount"] == 1)
      #expect(done["healthMetrics"]?["healthScore"] == 100)
      #expect(done["stuckScans"]?.arrayValue?.first?["outcome"] == "recovered")
      #expect(try await server.store.scan(.id(stale.id))?.status == .pending)
      #expect(try await server.store.scan(.id(healthy.id))?.status == .running)
    }
  }

  @Test func limitsOfTheRequestStandAboveThePolicy() async throws {
    try await TestServer.run { server in
      let (_, healthy) = try await Self.twoRunning(server)
      func stuck(_ body: JSONValue) async throws -> [JSONValue?] {
        let answer = try await server.post(Self.path, body).json
        return (answer["stuckScans"]?.arrayValue ?? []).map { $0["scanNumber"] }
      }
      #expect(try await stuck([:]).count == 1)
      #expect(try await stuck(["heartbeatStaleMinutes": 60]).isEmpty)
      #expect(try await stuck(["maxRuntimeMinutes": 5]).contains(.int(healthy.number)))
      // A body that does not say is a dry run.
      #expect(try await server.store.scan(.id(healthy.id))?.status == .running)
    }
  }

  @Test func badInputIsToldByField() async throws {
    try await TestServer.run { server in
      for (body, field) in [
        (["dryRun": "yes"], "dryRun"), (["dryRun": 1], "dryRun"),
        (["maxRuntimeMinutes": 0], "maxRuntimeMinutes"),
        (["maxRuntimeMinutes": -1], "maxRuntimeMinutes"),
        (["heartbeatStaleMinutes": "5"], "heartbeatStaleMinutes"),
        (["heartbeatStaleMinutes": 1_000_000], "heartbeatStaleMinutes"),
        (["heartbeatMinutes": 5], "heartbeatMinutes"),
      ] as [(JSONValue, String)] {
        let answer = try await server.post(Self.path, body)
        #expect(answer.status == 400, "\(body)")
        #expect(try answer.json["field"] == .string(field))
      }
      let text = try await server.send(
        .POST, Self.path, body: "{}",
        headers: [
          ("Content-Type", "text/csv")
        ])
      #expect(text.problem == "unsupported-media-type")
      #expect(try await server.send(.PUT, Self.path + "/77", json: [:]).status == 404)
      #expect(try await server.send(.DELETE, Self.path).problem == "method-not-allowed")
    }
  }

  /// The runbook's calls give no content type, and curl then names a form.
  @Test func theCallsWorkAsPrinted() async throws {
    try await TestServer.run { server in
      let (stale, _) = try await Self.twoRunning(server)
      let form = [("Content-Type", "application/x-www-form-urlencoded")]
      let printed = #"{"dryRun": false, "maxRuntimeMinutes": 5, "heartbeatStaleMinutes": 2}"#
      let answer = try await server.send(.POST, Self.path, body: printed, headers: form)
      #expect(answer.status == 200)
      #expect(try await server.store.scan(.id(stale.id))?.status == .pending)
      // From a browser's session it is refused: its forms carry no JSON.
      let (cookie, csrf) = try await server.signIn()
      let session = try await server.send(
        .POST, Self.path, body: printed,
        headers: form + [("Sec-Fetch-Site", "same-origin"), ("X-CSRF-Token", csrf)],
        as: .cookie(cookie))
      #expect(session.problem == "unsupported-media-type")
    }
  }

  @Test(arguments: TestDatabase.allCases)
  func aScanIsMarkedAsFailed(_ database: TestDatabase) async throws {
    try await TestServer.run(on: database, scanWaitSeconds: 0.1) { server in
      let (stale, healthy) = try await Self.twoRunning(server)
      // Nobody is there to end this one's process.
      try await server.shell("UPDATE workers SET status = 'lost'")
      let answer = try await server.send(
        .PUT, "\(Self.path)/\(stale.id)",
        json: ["reason": "Manual intervention - scan appeared stuck"])
      #expect(answer.status == 200)
      #expect(try answer.json["success"] == true)
      #expect(try answer.json["status"] == "failed")
      let failed = try #require(try await server.store.scan(.id(stale.id)))
      #expect(failed.status == .failed)
      #expect(failed.errorMessage == "Manual intervention - scan appeared stuck")
      #expect(failed.cleanupReason == "manual_intervention")
      try await server.shell("UPDATE workers SET status = 'alive'")
      // This one's worker lives: it is asked, and takes longer than the answer waits.
      let asked = try await server.send(.PUT, "\(Self.path)/\(healthy.number)", json: [:])
      #expect(asked.status == 202)
      #expect(try asked.json["status"] == "running")
      let again = try await server.send(.PUT, "\(Self.path)/\(stale.number)", json: [:])
      #expect(again.problem == "action-not-allowed")
    }
  }

  @Test func failedScansAreReset() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/failed")
      try await worker.report(
        AttemptReport(
          lease: try await worker.claim(scan.id),
          end: .failed(error: "broken", reason: nil, summary: nil)))
      let preview = try await server.post("/api/admin/reset-scans").json
      #expect(preview["resetCount"] == 1)
      #expect(preview["scans"] == [.int(scan.number)])
      #expect(try await server.store.scan(.id(scan.id))?.status == .failed)
      let done = try await server.post("/api/admin/reset-scans", ["dryRun": false]).json
      #expect(done["resetCount"] == 1)
      #expect(try await server.store.scan(.id(scan.id))?.status == .pending)
    }
  }

  /// The dashboard's buttons: a page that tells how many, and a form that does it.
  @Test func thePagesCleanAndReset() async throws {
    try await TestServer.run { server in
      let (stale, _) = try await Self.twoRunning(server)
      let (cookie, _) = try await server.signIn()
      let list = try await server.get("/", as: .cookie(cookie)).text
      #expect(list.contains("Clean Stuck Runs"))
      #expect(list.contains("Reset All Audits"))
      let preview = try await server.get("/cleanup", as: .cookie(cookie)).text
      #expect(preview.contains("1 stuck, of which 0 can be resumed and 1 is dead."))
      #expect(preview.contains("Clean 1 run"))
      #expect(try await server.store.scan(.id(stale.id))?.status == .running)
      let site = [("Sec-Fetch-Site", "same-origin")]
      let visitor = try await PageVisitor(server)
      let fields = PageVisitor.hiddenFields(of: "/cleanup", on: preview)
      let moved = try await visitor.post("/cleanup", [("plan", "0123456789abcdef")])
      #expect(moved.status == 409)
      #expect(moved.text.contains("Scans have moved since you looked. Nothing was changed"))
      #expect(try await server.store.scan(.id(stale.id))?.status == .running)
      let done = try await visitor.post("/cleanup", fields)
      #expect(done.text.contains("Cleaned 1/1 dead runs."))
      let forged = try await server.postForm("/reset", "", headers: site, as: .cookie(cookie))
      #expect(forged.status == 403)
      let none = try await server.get("/reset", as: .cookie(cookie)).text
      #expect(none.contains("No failed scan is left to reset."))

      let worker = try await ScriptedWorker.start(server.store)
      for target in ["/srv/x", "/srv/y"] {
        let scan = try await worker.submit(target)
        try await worker.report(
          AttemptReport(
            lease: try await worker.claim(scan.id),
            end: .failed(error: "no such folder", reason: nil, summary: nil)))
      }
      let failed = try await visitor.page("/reset")
      #expect(failed.contains("2 scans will go back to pending."))
      #expect(failed.contains("/srv/x") && failed.contains("no such folder"))
      #expect(try await visitor.post("/reset", [("plan", "0")]).status == 409)
      let reset = try await visitor.post(
        "/reset", PageVisitor.hiddenFields(of: "/reset", on: failed))
      #expect(reset.text.contains("2 scans are back to pending."))
    }
  }

  /// What can go on stands beside what is dead, and only what was asked for is meant.
  @Test func theCleanupTellsTheResumableFromTheDead() async throws {
    try await TestServer.run { server in
      let (stale, healthy) = try await Self.twoRunning(server)
      try await server.shell(
        """
        UPDATE scans SET last_activity_at = (
          SELECT last_activity_at FROM scans WHERE number = \(stale.number)),
          checkpoint = '{"at":1}' WHERE number = \(healthy.number)
        """)
      let visitor = try await PageVisitor(server)
      let page = try await visitor.page("/cleanup")
      #expect(page.contains("2 stuck, of which 1 can be resumed and 1 is dead."))
      #expect(page.contains("<h2>Resumable <span class=\"count\">1</span></h2>"))
      #expect(page.contains("<h2>Dead <span class=\"count\">1</span></h2>"))
      let some = try await visitor.page("/cleanup?target=*healthy&age_hours=")
      #expect(some.contains("Clean 1 run<"))
      let fields = PageVisitor.hiddenFields(of: "/cleanup", on: some)
      #expect(fields.map(\.0) == ["target", "plan"])
      let done = try await visitor.post("/cleanup", fields)
      #expect(done.text.contains("Cleaned 1/1 resumable runs."))
      #expect(try await server.store.scan(.id(healthy.id))?.status == .pending)
      #expect(try await server.store.scan(.id(stale.id))?.status == .running)
      #expect(try await visitor.page("/cleanup?age_hours=48").contains("No stuck runs found."))
    }
  }

  /// Held for stuck, a running scan is resumed from its page; asked why, it says what supervision holds.
  @Test func aStuckScanIsResumedFromItsPage() async throws {
    try await TestServer.run { server in
      let (stale, healthy) = try await Self.twoRunning(server)
      let visitor = try await PageVisitor(server)
      #expect(!(try await visitor.page("/scans/\(healthy.number)")).contains("action-resume"))
      #expect(try await visitor.post("/scans/\(healthy.number)/resume").status == 409)
      let why = try await visitor.page("/scans/\(stale.number)/why")
      #expect(why.contains("What supervision holds of it: Dead"))
      #expect(why.contains("What it could have been"))
      try await server.shell(
        """
        UPDATE scans SET verdict = '{"verdict":"dead","sentence":"It is dead.","evidence":[\
        {"signal":"heartbeat","text":"no beat","seconds":485,"limit_seconds":90}],"lost":[\
        {"verdict":"hung","because":"its worker is silent too"}]}' WHERE number = \(stale.number)
        """)
      let page = try await visitor.page("/scans/\(stale.number)")
      #expect(page.contains("Supervision: Dead"))
      #expect(page.contains("no beat (for 8 min 5 s, limit 1 min 30 s)"))
      #expect(page.contains("<dt>Not hung</dt><dd>its worker is silent too</dd>"))
      #expect(page.contains("data-key=\"action-resume\""))
      #expect(page.contains("Its process is ended first."))
      #expect(page.contains("Attempt 1 on scripted"))
      #expect(try await visitor.page("/?verdict=dead").contains("row-\(stale.number)"))
      #expect(try await visitor.post("/scans/\(stale.number)/resume").status == 303)
      #expect(try await server.store.scan(.id(stale.id))?.status == .pending)
      #expect(try await visitor.page("/scans/\(stale.number)").contains("Back in the queue"))
    }
  }

  /// How it all does, what needs somebody, and the buttons that act.
  @Test func theOverviewSaysWhatNeedsSomebody() async throws {
    try await TestServer.run { server in
      let (cookie, _) = try await server.signIn()
      let quiet = try await server.get("/overview", as: .cookie(cookie)).text
      #expect(quiet.contains(">100</span>"))
      #expect(quiet.contains("Nothing is stuck, and nothing is suspected."))
      #expect(quiet.contains("No scan has ended in a day."))
      #expect(quiet.contains("<a href=\"/overview\" aria-current=\"page\">Overview</a>"))
      let (stale, healthy) = try await Self.twoRunning(server)
      let text = try await server.get("/overview", as: .cookie(cookie)).text
      #expect(text.contains("Health 85 of 100, 1 scan needs attention"))
      #expect(text.contains("1 of 2 running scans have stale heartbeats (\(stale.number))"))
      #expect(text.contains("data-key=\"attention-\(stale.number)\""))
      #expect(!text.contains("data-key=\"attention-\(healthy.number)\""))
      #expect(text.contains("action=\"/scans/\(stale.number)/requeue\""))
      #expect(text.contains("data-key=\"row-\(healthy.number)\""))
      #expect(text.contains("<td class=\"number\">2</td>"), "two of its kind run")
    }
  }

  /// What is within its hours is drawn; a name cannot become markup.
  @Test func theOverviewPlotsTheLastDay() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      for target in ["/srv/a", "/srv/<b>"] {
        let scan = try await worker.submit(target)
        try await worker.finish(try await worker.claim(scan.id))
      }
      let running = try await worker.submit("/srv/<i>")
      _ = try await worker.claim(running.id)
      let (cookie, _) = try await server.signIn()
      let text = try await server.get("/overview", as: .cookie(cookie)).text
      #expect(text.contains("Scans ended, by hour, the last 24 hours: completed 2"))
      #expect(text.contains("<title>the last hour: 2 completed</title>"))
      #expect(text.contains("How long they took"))
      // The same in figures: completed, partial, failed, cancelled.
      #expect(
        text.contains(
          "<th scope=\"row\">the last hour</th><td class=\"number\">2</td>"
            + "<td class=\"number\">0</td>"))
      #expect(text.contains("Nothing was stuck in a day."))
      #expect(text.contains("/srv/&lt;i&gt;") && !text.contains("/srv/<i>"))
    }
  }

  /// Progress as the stuck-audit prevention shows it.
  @Test func aScansProgressHasTheAuditsNames() async throws {
    try await TestServer.run { server in
      let worker = try await ScriptedWorker.start(server.store)
      let scan = try await worker.submit("/srv/a")
      #expect(try await server.get("/api/v1/scans/1").json["progress"] == nil)
      let lease = try await worker.claim(scan.id)
      try await worker.report(
        AttemptReport(
          lease: lease, progress: Progress(done: 15, total: 20, step: "Current step description")))
      let shown = try await server.get("/api/v1/scans/1").json
      let progress = try #require(shown["progress"])
      #expect(progress["step"] == "Current step description")
      #expect(progress["percentage"] == 75)
      #expect(progress["completed_tasks"] == 15)
      #expect(progress["total_tasks"] == 20)
      #expect(progress["is_running"] == true)
      #expect(progress["worker_id"] == "scripted")
      #expect(progress["worker_url"] == .some(.null))
      #expect(progress["done"] == 15)
      #expect(progress["heartbeat"] == shown["last_worker_update"])
      #expect(progress["last_updated"]?.stringValue != nil)
    }
  }

  /// Two running scans of nine minutes' age: one that has not been heard of for eight, and one in good order.
  private static func twoRunning(_ server: TestServer) async throws -> (stale: Scan, healthy: Scan)
  {
    let store = server.store
    let worker = try await ScriptedWorker.start(store)
    let (stale, healthy) = (
      try await worker.submit("/srv/stale"), try await worker.submit("/srv/healthy")
    )
    for scan in [stale, healthy] { _ = try await worker.claim(scan.id) }
    let now = try await store.now()
    let begun = now.adding(seconds: -9 * 60 - 5)
    let heard = now.adding(seconds: -8 * 60 - 5)
    try await server.shell(
      """
      UPDATE scans SET created_at = '\(begun)', claimed_at = '\(begun)', progress_at = '\(begun)',
        check_at = '\(begun)';
      UPDATE scans SET last_activity_at = '\(heard)' WHERE id = '\(stale.id)';
      """)
    return (stale, healthy)
  }
}
