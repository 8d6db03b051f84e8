import Testing

@testable import holdfast

@Suite struct ByteSizeTests {
  @Test(
    arguments: [
      ("0", 0), ("1048576", 1_048_576), ("5GB", 5_000_000_000), ("10MiB", 10_485_760),
      ("10M", 10_485_760), ("1kb", 1000), ("1KiB", 1024), ("1.5 GiB", 1_610_612_736),
      ("2 TB", 2_000_000_000_000), ("7b", 7), ("1_000", 1000),
    ] as [(String, Int64)])
  func reads(text: String, bytes: Int64) {
    #expect(ByteSize(text)?.bytes == bytes)
  }

  @Test(arguments: [
    "", "GB", "-1", "1.5", "1.5B", "5XB", "5GBs", "1e9", "9223372036854775808", "10000000000GB",
    "１", "0x10", "1..5GB", "nan", ".",
  ])
  func refuses(text: String) {
    #expect(ByteSize(text) == nil)
  }
}

@Suite struct RedactionTests {
  @Test(arguments: [
    ("postgres://me:secret@host/db", "postgres://me:***@host/db"),
    ("postgres://me@host/db", "postgres://me@host/db"),
    ("postgres://me:p%40ss@host:5432/db", "postgres://me:***@host:5432/db"),
    ("postgres://me:p@ss@host/db", "postgres://me:***@host/db"),
    ("postgres://host/db?user=me&password=secret", "postgres://host/db?user=me&password=***"),
    ("postgres://a:x@host/axdb", "postgres://a:***@host/axdb"),
    ("postgres://me:se/cret@host/db", "postgres://me:***@host/db"),
    ("sqlite:/tmp/a.db", "sqlite:/tmp/a.db"),
    ("postgres://me:@host/db", "postgres://me:@host/db"),
  ])
  func masks(url: String, expected: String) {
    #expect(Redaction.redacted(url) == expected)
  }

  @Test func scrubsWhatItWasToldOf() {
    Redaction.protect("postgres://me:correct%20horse@host/db")
    #expect(Redaction.scrubbed("bad password “correct horse”") == "bad password “***”")
    #expect(Redaction.scrubbed("at correct%20horse@host") == "at ***@host")
  }
}
