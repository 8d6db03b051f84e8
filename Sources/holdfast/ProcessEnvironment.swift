import Glibc

/// What this process knows of itself and of its host.
enum ProcessEnvironment {
  static var variables: [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
      entry += 1
    }
    return result
  }

  static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return text(name)
  }

  static var workingDirectory: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
  }

  /// The kernel's id of this boot; empty where `/proc` is not mounted.
  static var bootID: String {
    (try? readFile("/proc/sys/kernel/random/boot_id"))??.trimmingBlanks() ?? ""
  }

  /// The file of the program that runs, links resolved.
  static var programPath: String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink("/proc/self/exe", &path, path.count - 1)
    return length > 0 ? text(path) : CommandLine.arguments.first ?? "holdfast"
  }

  static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  struct FileError: Error, Sendable {
    var reason: String
  }

  /// The text of a small file, or `nil` if there is none.
  static func readFile(_ path: String) throws(FileError) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw FileError(reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError(reason: String(cString: strerror(errno)))
      }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= maxFileBytes else {
        throw FileError(reason: "it is larger than 1 MiB")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError(reason: "it is not text in UTF-8")
    }
    return text
  }

  private static let maxFileBytes = 1024 * 1024

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
