import Foundation
package import HoldfastCore

/// The zones of the tz database, as Foundation brings them along.
package enum Zones {
  /// How far a zone is ahead of UTC; `nil` for a name that is none.
  package static func offset(of name: String) -> ScheduleRule.ZoneOffset? {
    guard isKnown(name) else { return nil }
    if name == "UTC" { return { _ in 0 } }
    guard let zone = TimeZone(identifier: name) else { return nil }
    return { instant in
      zone.secondsFromGMT(
        for: Date(timeIntervalSince1970: Double(instant.unixMilliseconds) / 1000))
    }
  }

  package static func isKnown(_ name: String) -> Bool { name == "UTC" || names.contains(name) }

  /// Without the abbreviations and offsets that Foundation would read too: `EST` has no summer.
  private static let names = Set(TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") })
}

extension Schedule {
  /// Its next times; none where its rule or zone cannot be read any more.
  package func upcoming(_ count: Int, after instant: Timestamp) throws(CronError) -> [Timestamp] {
    guard let offset = Zones.offset(of: zone) else { return [] }
    let rule = try rule()
    var times: [Timestamp] = []
    var time = rule.next(after: instant, offset: offset)
    while let found = time, times.count < count {
      times.append(found)
      time = rule.next(after: found, offset: offset)
    }
    return times
  }
}
