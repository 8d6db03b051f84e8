/// Finds what somebody probably meant.
package enum NearestName {
  /// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `name`, if they are few enough for
  /// a slip of the keyboard: at most a third of the name's length, and at least two. Letter case, `-` and `_` do not count.
  package static func of(_ name: String, among candidates: [String]) -> String? {
    guard name.utf8.count <= mostBytes else { return nil }
    let wanted = normalized(name)
    let limit = max(2, wanted.count / 3)
    return
      candidates
      .map { (candidate: $0, distance: distance(wanted, normalized($0))) }
      .filter { $0.distance <= limit && $0.distance < max(wanted.count, $0.candidate.count) }
      .min { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }?
      .candidate
  }

  /// No name of ours is as long; comparing a megabyte that somebody sends would take seconds.
  private static let mostBytes = 200

  private static func normalized(_ name: String) -> [Character] {
    name.lowercased().map { $0 == "-" ? "_" : $0 }
  }

  /// The optimal string alignment distance.
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in 1...left.count {
      var current = [row] + [Int](repeating: 0, count: right.count)
      for column in 1...right.count {
        let replace = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
        current[column] = min(last[column] + 1, current[column - 1] + 1, replace)
        let isSwap =
          row > 1 && column > 1 && left[row - 1] == right[column - 2]
          && left[row - 2] == right[column - 1]
        if isSwap { current[column] = min(current[column], beforeLast[column - 2] + 1) }
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
