import Foundation
import Glibc
import HoldfastTestKit

/// Hosts of a test's own on this machine: network namespaces with a name each, on one bridge. Gone with the test.
final class Network: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  struct Host: Sendable {
    let name: String
    let address: String

    /// What makes a command one of this host, its name included.
    var wrapper: [String] {
      [
        "ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c",
        "hostname \"$0\" && exec \"$@\"", name,
      ]
    }
  }

  let hosts: [Host]
  private let bridge: String
  /// Takes everything down, also where this process is killed.
  private let guardian: Guardian

  /// Whether this process may make namespaces.
  static var isPermitted: Bool {
    let name = "hf\(getpid())probe"
    guard (try? run("ip netns add \(name) && ip netns exec \(name) unshare --uts true")) != nil
    else { return false }
    return (try? run("ip netns del \(name)")) != nil
  }

  /// - Parameter count: how many hosts; the first is where a test puts its server.
  init(hosts count: Int) throws {
    let prefix = "hf\(getpid())"
    bridge = prefix + "b"
    hosts = (0..<count).map { Host(name: "\(prefix)h\($0)", address: "10.203.77.\($0 + 1)") }
    let names = [bridge] + hosts.map(\.name)
    guardian = try Guardian("for name; do ip netns del \"$name\"; done", names)
    // The bridge lives in a namespace, too: the machine's own network is left as it is.
    var script = """
      ip netns add \(bridge)
      ip -n \(bridge) link add br0 type bridge
      ip -n \(bridge) link set br0 up
      """
    for (index, host) in hosts.enumerated() {
      script += """

        ip netns add \(host.name)
        ip -n \(host.name) link set lo up
        ip -n \(host.name) link add eth0 type veth peer name port\(index) netns \(bridge)
        ip -n \(bridge) link set port\(index) master br0 up
        ip -n \(host.name) addr add \(host.address)/24 dev eth0
        ip -n \(host.name) link set eth0 up
        """
    }
    try Self.run("set -e\n" + script)
  }

  deinit { guardian.release() }

  /// Takes a host off the net, or puts it back, as if its cable were pulled.
  func setLink(of host: Int, up: Bool) throws {
    try Self.run("ip -n \(bridge) link set port\(host) \(up ? "up" : "down")")
  }

  /// Runs a command as one of a host's own to its end, and returns what it printed.
  func run(on host: Int, _ command: [String]) throws -> String {
    try Self.run(hosts[host].wrapper + command)
  }

  private static func run(_ script: String) throws { _ = try run(["sh", "-c", script]) }

  private static func run(_ command: [String]) throws -> String {
    let folder = try TemporaryFolder(prefix: "holdfast-network")
    let null = try StreamFile("/dev/null", O_RDONLY)
    let output = try StreamFile(folder.path("out"), O_WRONLY | O_CREAT)
    let process = try ChildProcess(
      command, input: null.descriptor, output: output.descriptor,
      error: output.descriptor)
    let end = process.waitUntilEnd()
    let data = FileManager.default.contents(atPath: folder.path("out")) ?? Data()
    let said = String(decoding: data, as: UTF8.self)
    guard end == .exited(0) else { throw Failure(description: "\(end): \(said)") }
    return said
  }
}
