/// The last so many numbers, kept in order of their size as well as of their arrival: an order
/// statistic costs nothing, a new number a binary search and a move.
package struct SortedWindow: Sendable, Hashable, Codable {
  package let capacity: Int
  /// Oldest at `next` once the window is full.
  private var arrived: [Float] = []
  private var next = 0
  private var sorted: [Float] = []

  package init(capacity: Int) {
    precondition(capacity > 0, "a window holds at least one number")
    self.capacity = capacity
  }

  package var count: Int { sorted.count }

  package mutating func add(_ value: Double) {
    let value = Float(value)
    if arrived.count < capacity {
      arrived.append(value)
    } else {
      sorted.remove(at: position(of: arrived[next]))
      arrived[next] = value
      next = (next + 1) % capacity
    }
    sorted.insert(value, at: position(of: value))
  }

  /// The nth smallest, from 1; `nil` where there are fewer.
  package func smallest(_ rank: Int) -> Double? {
    sorted.indices.contains(rank - 1) ? Double(sorted[rank - 1]) : nil
  }

  package var median: Double? { smallest((count + 1) / 2) }

  /// How many are at least `value`.
  package func countAtLeast(_ value: Double) -> Int { count - position(of: Float(value)) }

  /// The first index whose number is not smaller.
  private func position(of value: Float) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
