/// A schedule that is to be, checked field by field.
package struct ScheduleDraft: Sendable, Hashable {
  package var name: String
  package var tenantID = "default"
  package var kind: String
  package var target: String
  package var params: JSONValue
  package var priority: Int
  package var cron: String?
  package var zone: String
  package var everySeconds: Int64?
  package var missed: MissedRuns
  package var createdBy: String?
  package var idempotency: IdempotencyKey?

  /// What is wrong with a wish for a schedule.
  package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// As the API names it.
    package var field: String
    /// One sentence.
    package var description: String
  }

  /// - Parameters:
  ///   - kinds: those that there are, with what each asks of its targets and parameters.
  ///   - knowsZone: whether the table of zones has a name.
  /// - Throws: ``Refusal`` of the first field that is wrong.
  package init(
    name: String, kind: String, target: String, params: JSONValue = .object([:]),
    priority: Int = 0, cron: String?, zone: String?, everySeconds: Int64?,
    missed: MissedRuns = .once, createdBy: String?, kinds: KindBook = KindBook(),
    knowsZone: (String) -> Bool
  ) throws(Refusal) {
    guard Self.isName(name) else {
      throw Refusal(
        field: "name",
        description:
          "“name” must have 1 to 64 lower-case letters, digits, dots, dashes and underscores, and "
          + "begin with a letter or digit.")
    }
    self.name = name
    self.kind = kind
    do {
      (self.target, self.params) = try kinds.validate(
        kind: kind, target: target, params: params)
    } catch {
      throw Refusal(field: error.field, description: "\(error)")
    }
    guard (-100...100).contains(priority) else {
      throw Refusal(field: "priority", description: "“priority” must be from -100 to 100.")
    }
    self.priority = priority
    self.zone = zone ?? "UTC"
    self.missed = missed
    self.createdBy = createdBy
    switch (cron, everySeconds) {
    case (let cron?, nil):
      guard knowsZone(self.zone) else {
        throw Refusal(
          field: "zone",
          description: "“zone” must be a name of the tz database, such as Europe/Berlin.")
      }
      do {
        self.cron = try CronExpression(cron).text
      } catch {
        throw Refusal(field: "cron", description: "\(error)")
      }
    case (nil, let seconds?):
      guard ScheduleRule.intervalRange.contains(seconds) else {
        throw Refusal(
          field: "every_seconds", description: "“every_seconds” must be from 60 to 31536000.")
      }
      guard zone == nil else {
        throw Refusal(field: "zone", description: "“zone” belongs to “cron”; intervals have none.")
      }
      self.everySeconds = seconds
    case (nil, nil), (_?, _?):
      throw Refusal(
        field: "cron", description: "One of “cron” and “every_seconds” must be given, and not both."
      )
    }
  }

  /// When its scans are due, if it is made at `time`.
  package func rule(madeAt time: Timestamp) throws(CronError) -> ScheduleRule {
    if let cron { return .cron(try CronExpression(cron)) }
    return .interval(seconds: everySeconds ?? 86_400, anchor: time)
  }

  /// Whether it asks for the same as a schedule that is there.
  package func isSame(as schedule: Schedule) -> Bool {
    name == schedule.name && kind == schedule.kind && target == schedule.target
      && params == schedule.params && priority == schedule.priority && cron == schedule.cron
      && zone == schedule.zone && everySeconds == schedule.everySeconds
      && missed == schedule.missed
  }

  private static func isName(_ text: String) -> Bool {
    let isPlain = { (byte: UInt8) in (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
    guard let first = text.utf8.first, isPlain(first), text.utf8.count <= 64 else { return false }
    return text.utf8.allSatisfy {
      isPlain($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
    }
  }
}
