package import HoldfastCore

/// Schedules as the database keeps them. All operations throw ``StoreError``.
package protocol ScheduleStore: Sendable {
  /// Makes a schedule whose first run is the first after this moment.
  func add(_ draft: ScheduleDraft) async throws(StoreError) -> ScheduleAddition
  /// By name.
  func schedules(tenantID: String) async throws(StoreError) -> [Schedule]
  /// By name, page by page.
  func schedules(
    tenantID: String, cursor: String?, limit: Int
  ) async throws(StoreError) -> Page<Schedule>
  func schedule(named name: String, tenantID: String) async throws(StoreError) -> Schedule?
  /// - Returns: the schedule as it was; `nil` if there was none. Its scans stay.
  func removeSchedule(named name: String, tenantID: String) async throws(StoreError) -> Schedule?
  /// Those with a run that is due, the longest due first, and the database's clock.
  func dueSchedules(limit: Int) async throws(StoreError) -> (due: [Schedule], now: Timestamp)
  /// Records what became of the runs up to `step.handled`, where nobody else has recorded it before.
  ///
  /// - Returns: whether this changed anything.
  func advance(_ schedule: Schedule, _ step: ScheduleStep) async throws(StoreError) -> Bool
}

package enum ScheduleAddition: Sendable, Hashable {
  case created(Schedule)
  /// The same schedule is there already.
  case existing(Schedule)
  /// Another schedule has this name.
  case nameTaken(Schedule)
  /// The idempotency key was used for something else, or what it made is gone.
  case keyUsed
}

/// What became of a schedule's due runs.
package struct ScheduleStep: Sendable, Hashable {
  package var handled: Timestamp
  package var next: Timestamp?
  /// The run that was handled; `nil` where all were passed over.
  package var run: Timestamp?
  package var scanID: ScanID?
  package var outcome: String
  package var missed: Int

  package init(
    handled: Timestamp, next: Timestamp?, run: Timestamp?, scanID: ScanID?, outcome: String,
    missed: Int
  ) {
    self.handled = handled
    self.next = next
    self.run = run
    self.scanID = scanID
    self.outcome = outcome
    self.missed = missed
  }
}
