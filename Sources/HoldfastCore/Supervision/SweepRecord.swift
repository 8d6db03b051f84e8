/// What one sweep did, as its history tells.
package struct SweepRecord: Sendable, Hashable, Codable {
  /// Grows with every sweep that is kept.
  package var id: Int64
  /// When it began.
  package var at: Timestamp
  package var tookMilliseconds: Int64
  /// The process that led.
  package var leader: String
  /// Scans that were due to be looked at.
  package var looked: Int
  /// Those of them that were stuck.
  package var found: Int
  /// Recoveries that it planned; the others were held back.
  package var planned: Int
  package var held: Int
  /// Recovered, or ordered of the worker that ends the process first.
  package var applied: Int
  /// Heard of since: nothing was done.
  package var moved: Int
  /// The database refused; the next sweep tries again.
  package var refused: Int
  /// Deleted since the sweep before, because it was kept for long enough.
  package var expired: ExpiredRows

  package init(
    id: Int64 = 0, at: Timestamp = Timestamp(unixMilliseconds: 0), tookMilliseconds: Int64,
    leader: String, looked: Int, found: Int, planned: Int, held: Int, applied: Int, moved: Int,
    refused: Int, expired: ExpiredRows
  ) {
    self.id = id
    self.at = at
    self.tookMilliseconds = tookMilliseconds
    self.leader = leader
    self.looked = looked
    self.found = found
    self.planned = planned
    self.held = held
    self.applied = applied
    self.moved = moved
    self.refused = refused
    self.expired = expired
  }

  /// Whether it changed nothing, nor meant to: of these only the last is kept.
  package var isIdle: Bool {
    applied + moved + refused + held + expired.all == 0
  }

  enum CodingKeys: String, CodingKey {
    case id, at, leader, looked, found, planned, held, applied, moved, refused, expired
    case tookMilliseconds = "took_ms"
  }
}
