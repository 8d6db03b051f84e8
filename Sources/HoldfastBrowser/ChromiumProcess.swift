import CHoldfastSystem
import Foundation
import Glibc

/// A running Chromium with two pipes: it reads commands from its descriptor 3 and writes answers to its descriptor 4, each
/// message one JSON text ended by a NUL. A pipe, unlike a debugging port, is open to nobody else on the machine.
struct ChromiumProcess: Sendable {
  let processID: pid_t
  /// Commands go here; non-blocking.
  let commands: Int32
  /// Answers and events come from here; non-blocking.
  let answers: Int32
  /// Profile, caches and the error log; removed with the process.
  let folder: String

  static var runsAsRoot: Bool { geteuid() == 0 }

  static let names = ["chromium", "chromium-browser", "google-chrome", "chrome"]

  /// The first of the usual names that is a program in `PATH`.
  static func findExecutable(_ options: BrowserOptions) throws(BrowserError) -> String {
    if let named = options.executable {
      guard access(named, X_OK) == 0 else { throw .notInstalled(searched: [named]) }
      return named
    }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    for name in names {
      for folder in path.split(separator: ":") {
        let candidate = "\(folder)/\(name)"
        if access(candidate, X_OK) == 0 { return candidate }
      }
    }
    throw .notInstalled(searched: names)
  }

  static func start(_ options: BrowserOptions) throws(BrowserError) -> ChromiumProcess {
    let executable = try findExecutable(options)
    let folder = try makeFolder(in: options.temporaryFolder)
    do throws(BrowserError) {
      return try spawn(executable, options, folder: folder)
    } catch {
      removeFolder(folder)
      throw error
    }
  }

  private static func makeFolder(in parent: String) throws(BrowserError) -> String {
    let template = strdup("\(parent)/holdfast-browser-XXXXXX")
    defer { free(template) }
    guard let template, let made = mkdtemp(template) else {
      throw .cannotStart("no folder in \(parent): \(lastSystemError())")
    }
    return String(cString: made)
  }

  private static func spawn(
    _ executable: String, _ options: BrowserOptions, folder: String
  ) throws(BrowserError) -> ChromiumProcess {
    let toBrowser = try Pipe()
    let fromBrowser: Pipe
    do throws(BrowserError) {
      fromBrowser = try Pipe()
    } catch {
      toBrowser.close()
      throw error
    }
    var arguments = [executable] + BrowserOptions.quietSwitches
    arguments.append("--user-data-dir=\(folder)/profile")
    if !options.isSandboxed { arguments.append("--no-sandbox") }
    arguments += options.switches + ["about:blank"]

    var processID: pid_t = 0
    let code = withSpawnSettings(
      errorLog: "\(folder)/stderr", commands: toBrowser.reader, answers: fromBrowser.writer
    ) { actions, attributes in
      withCStrings(arguments) { argv in
        withCStrings(environment(folder: folder)) { envp in
          posix_spawn(&processID, executable, actions, attributes, argv, envp)
        }
      }
    }
    close(toBrowser.reader)
    close(fromBrowser.writer)
    guard code == 0 else {
      close(toBrowser.writer)
      close(fromBrowser.reader)
      throw .cannotStart("\(executable): \(String(cString: strerror(code)))")
    }
    setNonBlocking(toBrowser.writer)
    setNonBlocking(fromBrowser.reader)
    return ChromiumProcess(
      processID: processID, commands: toBrowser.writer, answers: fromBrowser.reader,
      folder: folder)
  }

  /// Only what a browser needs: none of Holdfast's own settings, which may hold secrets.
  private static func environment(folder: String) -> [String] {
    let own = ProcessInfo.processInfo.environment
    let kept = ["PATH", "LANG", "LC_ALL", "TZ", "FONTCONFIG_PATH"].compactMap { name in
      own[name].map { "\(name)=\($0)" }
    }
    return kept + ["HOME=\(folder)", "TMPDIR=\(folder)"]
  }

  /// Ends the browser and its helpers, waits for it and removes its folder. Blocks: for the connection's own thread.
  ///
  /// - Returns: how it ended, with the last lines of its error log.
  func endAndRemove() -> String {
    kill(-processID, SIGKILL)
    var status: Int32 = 0
    while waitpid(processID, &status, 0) == -1, errno == EINTR {}
    let log = lastLogLines()
    close(commands)
    close(answers)
    Self.removeFolder(folder)
    return describeExit(status) + (log.isEmpty ? "" : "; it wrote: \(log)")
  }

  private func lastLogLines() -> String {
    guard let data = FileManager.default.contents(atPath: "\(folder)/stderr") else { return "" }
    return String(decoding: data.suffix(2000), as: UTF8.self)
      .split(separator: "\n").suffix(3).joined(separator: " | ")
  }

  /// Helpers that are just ending can still write into the folder, so its removal is tried for up to 2 s.
  private static func removeFolder(_ folder: String) {
    for _ in 0..<40 {
      // A failure is looked at by the next line: what counts is whether the folder is gone.
      try? FileManager.default.removeItem(atPath: folder)
      if access(folder, F_OK) != 0 { return }
      usleep(50_000)
    }
  }
}

private func describeExit(_ status: Int32) -> String {
  let signal = status & 0x7F
  return signal == 0 ? "it exited with \((status >> 8) & 0xFF)" : "signal \(signal) ended it"
}

/// Two ends of a pipe, closed on exec, numbered high enough not to collide with the browser's 3 and 4.
struct Pipe {
  let reader: Int32
  let writer: Int32

  init() throws(BrowserError) {
    var ends: [Int32] = [-1, -1]
    guard holdfast_pipe(&ends, 10) == 0 else {
      throw .cannotStart("no pipe: \(lastSystemError())")
    }
    reader = ends[0]
    writer = ends[1]
  }

  func close() {
    Glibc.close(reader)
    Glibc.close(writer)
  }
}

/// A process group of its own, default signals, `/dev/null` as input and output, the error log, the two pipes, and no other
/// descriptor.
private func withSpawnSettings(
  errorLog: String, commands: Int32, answers: Int32,
  _ body: (
    UnsafePointer<posix_spawn_file_actions_t>, UnsafePointer<posix_spawnattr_t>
  ) -> Int32
) -> Int32 {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 2, errorLog, O_WRONLY | O_CREAT | O_APPEND, 0o600)
  posix_spawn_file_actions_adddup2(&actions, commands, 3)
  posix_spawn_file_actions_adddup2(&actions, answers, 4)
  holdfast_close_from(&actions, 5)

  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var signals = sigset_t()
  sigemptyset(&signals)
  posix_spawnattr_setsigmask(&attributes, &signals)
  sigfillset(&signals)
  posix_spawnattr_setsigdefault(&attributes, &signals)
  posix_spawnattr_setpgroup(&attributes, 0)
  let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
  posix_spawnattr_setflags(&attributes, Int16(flags))
  return body(&actions, &attributes)
}

private func withCStrings<Result>(
  _ strings: [String],
  _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return body(pointers)
}

func setNonBlocking(_ descriptor: Int32) {
  _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
}

func lastSystemError() -> String { String(cString: strerror(errno)) }
