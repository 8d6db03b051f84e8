import CHoldfastSystem

/// The descriptors that a waiting thread waits on.
enum WatchedDescriptors {
  private static let most = 64

  /// Those of `epoll_wait` are in `fdinfo`; those of `poll` and `select` in the process's own
  /// memory, of which exactly that list is read. Empty where that is not permitted, and for any
  /// other call.
  static func read(_ call: RawSystemCall, _ name: String, of processID: Int32) -> [Int32] {
    switch name {
    case "poll", "ppoll":
      return polled(address: call.arguments[0], count: call.arguments[1], processID)
    case "select", "pselect6":
      let sets = [call.arguments[1], call.arguments[2]].filter { $0 != 0 }
      let all = sets.flatMap { selected(address: $0, count: call.arguments[0], processID) }
      return Array(Set(all).sorted().prefix(most))
    case "epoll_wait", "epoll_pwait", "epoll_pwait2":
      let number = Int32(truncatingIfNeeded: call.arguments[0])
      // No permission means no list, as the summary says.
      let text = (try? ProcFolder.shared.text("\(processID)/fdinfo/\(number)")) ?? ""
      return epoll(text)
    default: return []
    }
  }

  /// The targets in an epoll descriptor's `fdinfo`: `tfd:        5 events: …`.
  static func epoll(_ text: String) -> [Int32] {
    let numbers = text.split(separator: "\n").compactMap { line -> Int32? in
      guard line.hasPrefix("tfd:") else { return nil }
      return line.dropFirst(4).split(separator: " ").first.flatMap { Int32($0) }
    }
    return Array(numbers.sorted().prefix(most))
  }

  /// An array of `struct pollfd`: four bytes of descriptor, four of events.
  private static func polled(address: UInt64, count: UInt64, _ processID: Int32) -> [Int32] {
    let count = Int(min(count, UInt64(most)))
    let bytes = memory(of: processID, at: address, count: count * 8)
    return bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count - 7, by: 8).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self)
      }.filter { $0 >= 0 }
    }
  }

  /// A set of bits, the lowest of the first byte for descriptor 0 (on a little-endian machine, as
  /// all that run here are).
  private static func selected(address: UInt64, count: UInt64, _ processID: Int32) -> [Int32] {
    let bits = Int(min(count, 1024))
    let bytes = memory(of: processID, at: address, count: (bits + 7) / 8)
    var numbers: [Int32] = []
    for bit in 0..<min(bits, bytes.count * 8) {
      let mask = UInt8(1) << UInt8(bit % 8)
      if bytes[bit / 8] & mask != 0 { numbers.append(Int32(bit)) }
    }
    return numbers
  }

  private static func memory(of processID: Int32, at address: UInt64, count: Int) -> [UInt8] {
    guard count > 0, address != 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
      size = max(0, hf_process_memory(processID, address, buffer.baseAddress, count))
    }
  }
}
