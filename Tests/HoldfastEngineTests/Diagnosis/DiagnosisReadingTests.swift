import HoldfastCore
import Testing

@testable import HoldfastEngine

/// How the kernel's texts are read, and what is kept out of them.
@Suite struct DiagnosisReadingTests {
  @Test(arguments: [
    ("0100007F:1F90", "127.0.0.1:8080"), ("00000000:0000", nil), ("0100007F", nil),
    ("00000000000000000000000001000000:01BB", "[::1]:443"),
    ("0000000000000000FFFF00000500000A:01BB", "10.0.0.5:443"), ("xyz:1", nil), ("", nil),
  ])
  func readsAddresses(field: String, address: String?) {
    #expect(SocketTable.address(field[...]) == address)
  }

  @Test func readsSystemCalls() {
    let call = RawSystemCall("0 0x3 0x7f97 0x20000 0x0 0xffffffffffffffff 0x0 0x7ffc 0x7f97\n")
    #expect(call?.number == 0)
    #expect(call?.arguments == [3, 0x7f97, 0x20000, 0, UInt64.max, 0])
    for other in ["running", "-1 0x0 0x0", "0 0x3", "", "0 1 2 3 4 5 6 7 8"] {
      #expect(RawSystemCall(other) == nil)
    }
  }

  @Test func readsLocks() {
    let locks = FileLocks(
      text: """
        1: POSIX  ADVISORY  WRITE 663 fe:00:5530931 1073741824 1073742335
        2: FLOCK  ADVISORY  WRITE 23663 fe:00:16228922 0 EOF
        2: -> FLOCK  ADVISORY  READ 24000 fe:00:16228922 0 EOF
        3: OFDLCK ADVISORY  WRITE -1 fe:00:77 0 EOF
        nonsense
        4: FLOCK
        """)
    #expect(locks.lines.count == 4)
    let waiting = locks.locks(of: 24000, files: [16_228_922: "/run/lock"]) { "process \($0)" }
    #expect(
      waiting == [
        .init(
          kind: "FLOCK", access: "READ", file: "/run/lock", isWaiting: true,
          holders: [.init(processID: 23663, name: "process 23663")])
      ])
  }

  @Test func readsWatchedDescriptors() {
    #expect(
      WatchedDescriptors.epoll("pos:\t0\ntfd:        7 events:       19\ntfd: 5 events: 1\n")
        == [5, 7])
  }

  @Test func readsNumbersAfterNames() {
    let text = "Max data size             1048576              unlimited            bytes\n"
    #expect(MemorySigns.number(in: text, after: "Max data size") == 1_048_576)
    #expect(MemorySigns.number(in: "Max data size unlimited x", after: "Max data size") == nil)
    #expect(MemorySigns.number(in: "VmData:\t    224 kB", after: "VmData:") == 224)
  }

  /// The group's folder is used in paths, so what leads out of it is refused.
  @Test func refusesGroupsOutsideItsView() {
    #expect(ControlGroup(lines: "0::/../../etc\n") == nil)
    #expect(ControlGroup(lines: "nonsense") == nil)
  }

  @Test func printsNoControlCharacters() {
    #expect(PrintableText.of(Array("a\u{1b}[2Jb\u{202e}".utf8)) == "a\u{FFFD}[2Jb\u{FFFD}")
    #expect(PrintableText.of([0x61, 0xff]) == "a\u{FFFD}")
    #expect(PrintableText.of(Array("abcdef".utf8), maxBytes: 3) == "abc…")
  }

  // MARK: Secrets

  @Test(arguments: [
    (["x", "--password", "p", "y"], ["x", "--password", "***", "y"]),
    (["x", "--db-password=p"], ["x", "--db-password=***"]),
    (["x", "--no-password", "file"], ["x", "--no-password", "file"]),
    (["x", "-p", "80"], ["x", "-p", "80"]),
    (["/usr/bin/mysql", "-psecret", "-p", "s"], ["/usr/bin/mysql", "-p***", "-p", "***"]),
    (["curl", "-u", "a:b", "--user", "a:b"], ["curl", "-u", "***", "--user", "***"]),
    (
      ["curl", "-H", "Authorization: Bearer abc.def"], ["curl", "-H", "Authorization: Bearer ***"]
    ),
    (["env", "PGPASSWORD=p", "psql"], ["env", "PGPASSWORD=***", "psql"]),
    (["psql", "postgres://u:p@h/db"], ["psql", "postgres://u:***@h/db"]),
    (["psql", "postgres://u:p@w/d@h/db"], ["psql", "postgres://u:***@h/db"]),
    (["git", "https://ghp_0123456789abcdef@github.com/x"], ["git", "https://***@github.com/x"]),
    (["get", "http://h:80/a@b"], ["get", "http://h:80/a@b"]),
    (
      ["sh", "-c", "X=1 TOKEN=abc run --secret 'a b' end"],
      ["sh", "-c", "X=1 TOKEN=*** run --secret *** end"]
    ),
    (["x", "ghp_0123456789abcdef"], ["x", "***"]),
  ])
  func masksSecrets(arguments: [String], masked: [String]) {
    #expect(SecretMask.arguments(arguments) == masked)
  }

  @Test func leavesPlainTextAlone() {
    for text in ["scanned 12 of 40 files in /srv/data", "The password must be long", "a: b = c"] {
      #expect(SecretMask.text(text) == text)
    }
    #expect(
      SecretMask.text("login with password: hunter2 failed") == "login with password: *** failed")
  }
}
