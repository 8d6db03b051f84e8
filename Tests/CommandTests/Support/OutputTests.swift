import HoldfastCore
import HoldfastStorage
import Testing

@testable import holdfast

@Suite struct OutputTests {
  @Test func jsonIsSortedAndHarmless() throws {
    let value: JSONValue = ["b": "a/b", "a": "\u{1b}\u{9b}\u{202e}x\n"]
    #expect(
      try JSONText.of(value, pretty: false)
        == #"{"a":"\u001b\u009b\u202ex\n","b":"a/b"}"#)
  }

  @Test func failuresHaveOneShape() throws {
    let failure = CommandFailure(.noSuchScan, "there is no scan 7", detail: "look")
    #expect(
      try JSONText.of(failure, pretty: false)
        == #"{"code":"no_such_scan","detail":"look","exit_status":66,"title":"there is no scan 7"}"#
    )
  }

  @Test(arguments: [
    (StoreError.unavailable("x"), holdfast.ExitStatus.databaseUnavailable),
    (.newerSchema(found: 2, known: 1), .configuration),
    (.olderSchema(found: 0, known: 1), .configuration), (.badURL("x"), .usage),
    (.badCursor("x"), .usage), (.statement("x"), .internalError),
  ])
  func storeErrorsHaveStatuses(error: StoreError, status: holdfast.ExitStatus) {
    #expect(CommandFailure(error).status == status)
  }

  @Test(
    arguments: [
      (ScanStatus.completed, 0), (.partial, 2), (.failed, 1), (.cancelled, 3), (.pending, 75),
      (.running, 75), (.paused, 75),
    ] as [(ScanStatus, Int32)])
  func scansHaveStatuses(status: ScanStatus, code: Int32) {
    #expect(ExitStatus(status).rawValue == code)
  }

  @Test(arguments: [
    ("127.0.0.1", "http://127.0.0.1:1/"), ("0.0.0.0", "http://127.0.0.1:1/"),
    ("::1", "http://[::1]:1/"), ("::", "http://127.0.0.1:1/"), ("scans", "http://scans:1/"),
  ])
  func readyLineNamesAnAddressToOpen(host: String, url: String) {
    #expect(ServeCommand.url(host: host, port: 1) == url)
  }
}
