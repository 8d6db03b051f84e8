import Testing

@testable import holdfast

@Suite struct ConfigurationFileTests {
  private func problem(_ text: String) -> String {
    do {
      _ = try ConfigurationFile.parse(text, name: "holdfast.yaml")
      return "accepted"
    } catch {
      return "\(error)"
    }
  }

  @Test func readsEverySetting() throws {
    let text = """
      # a comment
      host: 0.0.0.0
      port: 9000
      database: sqlite:/tmp/x.db
      database_connections: 4
      data_dir: "/var/lib/holdfast"
      slots: 3
      worker_name: north
      worker_kinds: [library, site]
      worker_server: https://scans.example.org
      worker_token_file: token
      worker_server_ca: authority.pem
      allowed_hosts: scans.example.org, other.example.org
      trusted_proxies: [10.0.0.0/8, "::1"]
      tls_certificate: certificate.pem
      tls_key: key.pem
      requests_per_second: 50
      address_requests_per_second: 5
      event_streams: 100
      runner_memory: 512MiB
      runner_cpu_seconds: 60
      runner_file_size: 5GB
      runner_open_files: 100
      preset: staging
      sweep_interval_seconds: 2.5
      log_level: debug
      log_format: json
      """
    let entries = try ConfigurationFile.parse(text, name: "holdfast.yaml").entries
    #expect(Set(entries.keys) == Set(SettingName.allCases))
    #expect(entries[.port]?.value == .number(9000))
    #expect(entries[.port]?.place == "holdfast.yaml:3")
    #expect(entries[.workerKinds]?.value == .names(["library", "site"]))
    #expect(entries[.allowedHosts]?.value == .names(["scans.example.org", "other.example.org"]))
    #expect(entries[.trustedProxies]?.value == .names(["10.0.0.0/8", "::1"]))
    #expect(entries[.runnerMemory]?.value == .number(512 * 1024 * 1024))
    #expect(entries[.runnerFileSize]?.value == .number(5_000_000_000))
  }

  @Test(arguments: ["", "\n", "# only a comment\n", "---\n"])
  func emptyFileSaysNothing(text: String) throws {
    #expect(try ConfigurationFile.parse(text, name: "holdfast.yaml") == .init())
  }

  @Test(arguments: [
    ("prot: 1", "holdfast.yaml:1:1: there is no setting “prot”; did you mean “port”?"),
    ("data-dir: x", "holdfast.yaml:1:1: there is no setting “data-dir”; did you mean “data_dir”?"),
    ("port: 70000", "holdfast.yaml:1:7: port: “70000” is not a whole number from 0 to 65535"),
    ("port: 0x1F", "holdfast.yaml:1:7: port: “0x1F” is not a whole number from 0 to 65535"),
    ("port: -1", "holdfast.yaml:1:7: port: “-1” is not a whole number from 0 to 65535"),
    ("port:", "holdfast.yaml:1:6: port: “” is empty; it takes a whole number from 0 to 65535"),
    (
      "port: [1]",
      "holdfast.yaml:1:7: “port” takes a whole number from 0 to 65535, not a list or a group"
    ),
    (
      "log_level: inof",
      "holdfast.yaml:1:12: log_level: “inof” is not one of trace, debug, info, notice, warning, "
        + "error, critical; did you mean “info”?"
    ),
    (
      "trusted_proxies: 10.0.0.1/8, ::1",
      "holdfast.yaml:1:18: trusted_proxies: “10.0.0.1/8, ::1” has “10.0.0.1/8”; it takes networks "
        + "or addresses (10.0.0.0/8, ::1) separated by commas"
    ),
    (
      "trusted_proxies: [localhost]",
      "holdfast.yaml:1:18: trusted_proxies: the list has “localhost”; it takes networks or "
        + "addresses (10.0.0.0/8, ::1) separated by commas"
    ),
    (
      "database: mysql://root:secret@h/d",
      "holdfast.yaml:1:11: database: its value is not sqlite:PATH or postgres://USER@HOST/NAME"
    ),
    (
      "worker_kinds: [library, '']",
      "holdfast.yaml:1:15: worker_kinds: the list has something else than names"
    ),
    (
      "worker_kinds: [site, libary]",
      "holdfast.yaml:1:15: worker_kinds: the list names the kind “libary”, and there are library, "
        + "site, portal, dependencies, command; did you mean “library”?"
    ),
    (
      "worker_kinds: library,,site",
      "holdfast.yaml:1:15: worker_kinds: “library,,site” has an empty name; it takes names "
        + "separated by commas"
    ),
    (
      "runner_memory: 1KiB",
      "holdfast.yaml:1:16: runner_memory: “1KiB” is not a size such as 512MiB or 5GB, at least "
        + "64.0 MiB"
    ),
    ("port: 1\nport: 2", "holdfast.yaml:1:1: “port” is set more than once; once is enough"),
    ("- port", "holdfast.yaml:1:1: settings look like “port: 8710”, one a line"),
    ("just words", "holdfast.yaml:1:1: settings look like “port: 8710”, one a line"),
    ("? [a]\n: b", "holdfast.yaml:1:3: the name of a setting is a plain word"),
  ])
  func refusesWithPlaceAndAdvice(text: String, expected: String) {
    #expect(problem(text) == expected)
  }

  @Test(arguments: ["port: [1", "a: b: c", "\tport: 1", "port: 1\n---\nport: 2"])
  func refusesWhatIsNotOneDocumentOfYAML(text: String) {
    let told = problem(text)
    #expect(told.hasPrefix("holdfast.yaml:"), "\(told)")
    #expect(told.contains("this is not YAML"), "\(told)")
  }

  @Test func tellsEveryProblemAtOnce() {
    let told = problem("prot: 1\nslots: many\nhost: x\n")
    #expect(
      told == """
        holdfast.yaml:1:1: there is no setting “prot”; did you mean “port”?
        holdfast.yaml:2:8: slots: “many” is not a whole number from 0 to 1024
        """)
  }
}
