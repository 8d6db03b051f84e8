import Foundation
import HoldfastTestKit

/// Runs real library scans in real runners, in place of a worker, and notes when each sign of progress arrives.
struct ScanRecorder {
  let binary: String

  /// Scans of real folders of this machine, the same ones again and again as a schedule would.
  func libraryScans(count: Int) async throws -> [RecordedScan] {
    let folders = Self.folders()
    guard !folders.isEmpty else { throw BenchFailure("no folders to scan") }
    var scans: [RecordedScan] = []
    while scans.count < count {
      let folder = folders[scans.count % folders.count]
      scans.append(RecordedScan(target: folder, gaps: try await gaps(of: folder)))
    }
    return scans
  }

  /// Folders that hold at least some hundred entries, so that a scan has something to report, and not so many that a thousand scans
  /// take the day.
  private static func folders() -> [String] {
    let candidates = [
      "/usr/share", "/usr/lib", "/usr/include", "/usr/bin", "/usr/share/doc", "/usr/lib/python3",
      "/usr/lib/x86_64-linux-gnu", "/usr/share/man", "/usr/share/locale", "/usr/share/icons",
      "/etc",
      "/var/lib", "/opt", "/usr/local", "/usr/share/perl", "/usr/src",
    ]
    let files = FileManager.default
    return candidates.filter { folder in
      guard let walk = files.enumerator(atPath: folder) else { return false }
      var count = 0
      while walk.nextObject() != nil, count <= 20_000 { count += 1 }
      return (300...20_000).contains(count)
    }
  }

  /// The seconds between signs of progress of one scan, its start and its end included.
  private func gaps(of folder: String) async throws -> [Double] {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try record(folder) })
      }
    }
  }

  private func record(_ folder: String) throws -> [Double] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments = ["runner"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer {
      input.fileHandleForWriting.closeFile()
      process.waitUntilExit()
    }
    func send(_ line: String) throws {
      try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }
    var start: ContinuousClock.Instant?
    var last = ContinuousClock.now
    var position = ""
    var gaps: [Double] = []
    func moved() {
      let now = ContinuousClock.now
      gaps.append((now - last) / .seconds(1))
      last = now
    }
    var buffer = Data()
    while true {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { throw BenchFailure("the runner ended without having finished") }
      buffer.append(data)
      while let end = buffer.firstIndex(of: 0x0A) {
        let line = Data(buffer[buffer.startIndex..<end])
        buffer = Data(buffer[buffer.index(after: end)...])
        let object = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
        switch object["type"] as? String {
        case "ready" where start == nil:
          start = .now
          last = .now
          try send(
            #"{"type":"start","protocol":1,"scan_id":"\#(UUID().uuidString.lowercased())","number":1,"#
              + #""attempt":1,"kind":"library","target":"\#(folder)","params":{}}"#)
        case "progress":
          // Only what grew or changed is a sign of progress.
          let now = "\(object["done"] ?? "") \(object["step"] ?? "")"
          if now != position { moved() }
          position = now
        case "checkpoint":
          try send(#"{"type":"checkpointed","number":\#(object["number"] ?? 0)}"#)
        case "settle": try send(#"{"type":"settled","moved":0,"removed":0,"refused":false}"#)
        case "finished":
          moved()
          return gaps
        default: break
        }
      }
    }
  }
}

/// Runs real programs and notes when their processor time or their bytes last moved, as the worker's samples of a process tree do.
struct ProgramRecorder {
  private static let period = 0.05

  /// What people run for long; each is limited to some seconds here.
  private static let programs: [(name: String, script: String)] = [
    ("find", "find /usr -type f -name '*a*' | wc -l"),
    ("du", "du -s /usr/share /usr/lib"),
    ("tar", "tar cf - /usr/share/doc 2>/dev/null | wc -c"),
    (
      "gzip",
      "cat /usr/bin/* 2>/dev/null | head -c 30000000 | gzip -1 | wc -c"
    ),
    ("sha256sum", "head -c 100000000 /dev/zero | sha256sum"),
    ("grep", "grep -r -c zebra /usr/share/doc | tail -1"),
    ("sort", "seq 1 400000 | sort -R --random-source=/dev/zero | tail -1"),
    ("python", "python3 -c 'import json; [json.dumps({\"n\": n}) for n in range(400000)]'"),
    (
      "sqlite",
      "sqlite3 :memory: 'WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n<400000) SELECT sum(n*n) FROM s'"
    ),
    ("poll", "for n in 1 2 3 4 5 6; do sleep 0.$n; ls /usr/bin | wc -l; done"),
  ]

  func runs(count: Int) async throws -> [RecordedScan] {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try record(count) })
      }
    }
  }

  /// Several at once: what others do to a program's rhythm belongs to it.
  private func record(_ count: Int) throws -> [RecordedScan] {
    var running:
      [(name: String, process: Process, last: ContinuousClock.Instant, sum: Double, gaps: [Double])] =
        []
    var started = 0
    var done: [RecordedScan] = []
    while done.count < count {
      while running.count < 4, started < count {
        let program = Self.programs[started % Self.programs.count]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", program.script]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        running.append((program.name, process, .now, 0, []))
        started += 1
      }
      usleep(UInt32(Self.period * 1e6))
      let activity = ProcessActivity.ofAll()
      for index in running.indices.reversed() {
        let now = ContinuousClock.now
        let sum = activity.sum(under: running[index].process.processIdentifier)
        let isOver = !running[index].process.isRunning
        if sum != running[index].sum || isOver {
          running[index].gaps.append((now - running[index].last) / .seconds(1))
          running[index].last = now
          running[index].sum = sum
        }
        if isOver {
          let ended = running.remove(at: index)
          done.append(RecordedScan(target: ended.name, gaps: ended.gaps))
        }
      }
    }
    return done
  }
}

/// Processor ticks and bytes of all processes at one moment.
struct ProcessActivity {
  private var sums: [Int32: Double] = [:]
  private var children: [Int32: [Int32]] = [:]

  static func ofAll() -> ProcessActivity {
    var all = ProcessActivity()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    for process in names.compactMap({ Int32($0) }) {
      // A process that has just ended has no files to read.
      guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let name = stat.lastIndex(of: ")")
      else { continue }
      let fields = stat[stat.index(after: name)...].split(separator: " ").dropFirst()
        .map { Double($0) ?? 0 }
      guard fields.count > 13 else { continue }
      let bytes = ((try? String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)) ?? "")
        .split(separator: "\n").prefix(2)
        .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
      all.sums[process] = fields[10...13].reduce(0, +) + bytes
      all.children[Int32(fields[0]), default: []].append(process)
    }
    return all
  }

  func sum(under root: Int32) -> Double {
    (sums[root] ?? 0) + (children[root] ?? []).reduce(0) { $0 + sum(under: $1) }
  }
}
