/// One line of `/proc/PID/task/TID/syscall`: `0 0x3 0x7f97 0x20000 … stack counter`. The arguments
/// are numbers; what they point to stays unread, except for lists of descriptors.
struct RawSystemCall: Hashable {
  var number: Int
  /// Always six.
  var arguments: [UInt64]

  /// `nil` for a thread that runs or is in no call (`running`, `-1 …`).
  init?(_ text: String) {
    let fields = text.split { $0 == " " || $0 == "\n" }
    guard fields.count >= 7, let number = Int(fields[0]), number >= 0 else { return nil }
    let arguments = fields[1...6].compactMap { UInt64($0.dropFirst(2), radix: 16) }
    guard arguments.count == 6 else { return nil }
    self.number = number
    self.arguments = arguments
  }

  var argumentTexts: [String] { arguments.map { "0x" + String($0, radix: 16) } }

  func name(waitChannel: String) -> String {
    let name = SystemCallTable.name(of: number)
    return name == "restart_syscall" ? SystemCallTable.restarted(waitChannel: waitChannel) : name
  }
}
