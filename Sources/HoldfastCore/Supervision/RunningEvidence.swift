/// Everything that was looked at for the verdict on a running scan, signal by signal.
struct RunningEvidence {
  let snapshot: ScanSnapshot
  let policy: Policy
  let now: Timestamp
  let suspicion: Suspicion?

  var all: [Verdict.Evidence] {
    [
      heartbeat, worker, progress, activity, answers, wait, deadline, request, crashes, doubt,
      diagnosis,
    ].compactMap { $0 }
  }

  private var heartbeat: Verdict.Evidence {
    let age = snapshot.age(of: snapshot.heardAt, at: now)
    let text =
      snapshot.hasBeaten ? "last heartbeat \(span(age)) ago" : "no heartbeat since the claim"
    return .init(.heartbeat, text, seconds: age, limitSeconds: policy.staleAfterSeconds)
  }

  private var worker: Verdict.Evidence? {
    snapshot.worker.map { worker in
      let age = snapshot.age(of: worker.lastHeartbeatAt, at: now)
      let opinion =
        switch worker.secondOpinion {
        case .alive: "; asked another way, it answers"
        case .gone: "; its process is gone"
        case .unknown: ""
        }
      return .init(
        .worker, "worker \(worker.name) last beat \(span(age)) ago\(opinion)", seconds: age,
        limitSeconds: policy.staleAfterSeconds)
    }
  }

  private var progress: Verdict.Evidence {
    let age = snapshot.age(of: snapshot.advancedAt, at: now)
    let what = snapshot.progress.map { "\($0.done) \($0.unit), " } ?? "none reported, "
    return .init(
      .progress, "\(what)last advance \(span(age)) ago", seconds: age,
      limitSeconds: policy.stallAfterSeconds)
  }

  private var activity: Verdict.Evidence? {
    snapshot.activity.map {
      let age = snapshot.age(of: $0.changedAt, at: now)
      return .init(
        .activity, "processor time or bytes last moved \(span(age)) ago", seconds: age,
        limitSeconds: policy.movement == .any ? policy.stallAfterSeconds : nil)
    }
  }

  private var answers: Verdict.Evidence? {
    snapshot.answeredAt.map {
      let age = snapshot.age(of: $0, at: now)
      return .init(
        .answers, "its runner last answered \(span(age)) ago", seconds: age,
        limitSeconds: policy.staleAfterSeconds)
    }
  }

  private var wait: Verdict.Evidence? {
    snapshot.wait.map {
      let age = snapshot.age(of: $0.since, at: now)
      return .init(
        .wait, "waits for \($0.reason) since \(span(age))", seconds: age,
        limitSeconds: min($0.limitSeconds, policy.waitingCapMinutes * 60))
    }
  }

  private var deadline: Verdict.Evidence {
    let age = snapshot.age(
      of: snapshot.claimedAt ?? snapshot.startedAt ?? snapshot.createdAt, at: now)
    let spared = policy.deadlineSparesProgress ? "; its limit spares a scan that moves" : ""
    return .init(
      .deadline, "this attempt runs for \(span(age))\(spared)", seconds: age,
      limitSeconds: policy.maxRuntimeMinutes * 60)
  }

  private var request: Verdict.Evidence? {
    guard let request = snapshot.request, let requestedAt = snapshot.requestedAt else {
      return nil
    }
    let age = snapshot.age(of: requestedAt, at: now)
    return .init(
      .request, "asked to \(request.rawValue) \(span(age)) ago", seconds: age,
      limitSeconds: policy.cancellingTimeoutSeconds)
  }

  private var crashes: Verdict.Evidence? {
    guard snapshot.crashes > 0 || snapshot.stuckAttempts > 0 else { return nil }
    return .init(
      .crashes,
      "\(snapshot.crashes) of \(policy.maxCrashes) crashes, "
        + "\(snapshot.stuckAttempts) of \(policy.maxAttempts) stuck attempts")
  }

  private var doubt: Verdict.Evidence? {
    suspicion.map {
      .init(
        .suspicion,
        "\($0.signal.rawValue) is silent for \(span($0.silenceSeconds)); of \($0.limit.scans) "
          + "scans of this \($0.limit.scope.rawValue), at most a share of \($0.limit.rate) "
          + "is ever silent for \(span($0.limit.seconds))",
        seconds: $0.silenceSeconds, limitSeconds: $0.limit.seconds)
    }
  }

  private var diagnosis: Verdict.Evidence? {
    snapshot.diagnosis.map { .init(.diagnosis, $0.sentence) }
  }

  private func span(_ seconds: Double) -> String { SpanText.describe(seconds: seconds) }
}
