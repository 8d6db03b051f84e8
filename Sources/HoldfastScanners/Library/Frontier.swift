/// Where a walk stands: what a checkpoint keeps of the work list. What it does not name is either done or below something it names.
struct Frontier: Sendable, Hashable {
  /// A folder of which the folders up to `last` (in the order of their bytes) are taken.
  struct Mark: Sendable, Hashable {
    var path: [UInt8]
    /// Empty if none is taken.
    var last: [UInt8]
  }

  var frames: [Mark] = []
  /// Folders that are begun and not done.
  var tasks: [FolderTask] = []

  // frontier = version (1 byte: 1), number of frames (4), frame..., number of tasks (4), task...
  // frame    = path, last;  task = stage (1), path
  // path     = bytes shared with the path before it (4), further bytes (4), those bytes
  // Lengths are little-endian. Paths of a deep tree begin alike, and the shared part is written once.
  private static let version: UInt8 = 1

  var bytes: [UInt8] {
    var writer = Writer()
    writer.bytes.append(Self.version)
    writer.append(frames.count)
    for frame in frames {
      writer.append(path: frame.path)
      writer.append(frame.last.count)
      writer.bytes += frame.last
    }
    writer.append(tasks.count)
    for task in tasks {
      writer.bytes.append(task.stage.rawValue)
      writer.append(path: task.path)
    }
    return writer.bytes
  }

  init(frames: [Mark] = [], tasks: [FolderTask] = []) {
    self.frames = frames
    self.tasks = tasks
  }

  /// `nil` for anything that ``bytes`` did not make.
  init?(bytes: [UInt8]) {
    var reader = Reader(rest: bytes[...])
    guard reader.take(1)?.first == Self.version, let frameCount = reader.number() else {
      return nil
    }
    for _ in 0..<frameCount {
      guard let path = reader.path(), let count = reader.number(), let last = reader.take(count)
      else { return nil }
      frames.append(Mark(path: path, last: Array(last)))
    }
    guard let taskCount = reader.number() else { return nil }
    for _ in 0..<taskCount {
      guard let stage = reader.take(1)?.first.flatMap(FolderTask.Stage.init(rawValue:)),
        let path = reader.path()
      else { return nil }
      tasks.append(FolderTask(token: 0, path: path, stage: stage))
    }
    guard reader.rest.isEmpty else { return nil }
  }

  private struct Writer {
    var bytes: [UInt8] = []
    private var last: [UInt8] = []

    mutating func append(_ number: Int) {
      withUnsafeBytes(of: UInt32(number).littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(path: [UInt8]) {
      let shared = zip(path, last).prefix { $0 == $1 }.count
      append(shared)
      append(path.count - shared)
      bytes += path[shared...]
      last = path
    }
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>
    private var last: [UInt8] = []

    init(rest: ArraySlice<UInt8>) { self.rest = rest }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
      guard count >= 0, count <= rest.count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }

    mutating func number() -> Int? {
      guard let bytes = take(4) else { return nil }
      return bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func path() -> [UInt8]? {
      guard let shared = number(), shared <= last.count, let count = number(),
        let more = take(count)
      else { return nil }
      last = Array(last.prefix(shared) + more)
      return last
    }
  }
}
