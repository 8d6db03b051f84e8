import Testing

@testable import HoldfastCore

@Suite struct TargetURLTests {
  @Test(arguments: [
    ("https://example.com", "https://example.com/"),
    ("HTTP://Example.COM:8080/a?b=c#d", "http://example.com:8080/a?b=c"),
    ("https://example.com.?q", "https://example.com/?q"),
    ("https://xn--mnchen-3ya.de/", "https://xn--mnchen-3ya.de/"),
    ("http://[2001:DB8::1]:80/x", "http://[2001:db8::1]:80/x"),
    ("http://1.2.3.4:/", "http://1.2.3.4/"),
    ("http://a_b.example/%0a", "http://a_b.example/%0a"),
  ])
  func isReadToOneSpelling(_ text: String, _ written: String) throws {
    let url = try TargetURL(text)
    #expect(url.description == written)
    #expect(try TargetURL(url.description) == url)
  }

  /// What two readers could take for two hosts.
  @Test(arguments: [
    ("example.com", "must begin with http://"), ("//example.com", "must begin with"),
    ("http:/example.com", "must begin with"), ("http://", "names no host"),
    ("http:///etc", "names no host"), ("http://:80/", "names no host"),
    ("http://example.com@127.0.0.1/", "before “@”"), ("http://a:b@example.com/", "before “@”"),
    (#"http://example.com\@127.0.0.1/"#, "backslashes"), ("http://exa mple.com/", "blanks"),
    ("http://example.com\n/", "blanks"), ("http://１２７.0.0.1/", "beyond ASCII"),
    ("http://bücher.example/", "xn--"), ("http://127%2e0.0.1/", "odd spelling"),
    ("http://example.com:0/", "where its port would be"), ("http://example.com:99999/", "port"),
    ("http://example.com:80a/", "port"), ("http://[::1]a/", "port"),
    ("http://[::1%25eth0]/", "version 6"), ("http://[127.0.0.1]/", "version 6"),
    ("http://::1/", "names no host"), ("http://a..b/", "no name"),
    ("http://-a.example/", "no name"),
    ("http://127.1/", "write 127.0.0.1"), ("http://2130706433/", "write 127.0.0.1"),
    ("http://0x7f000001/", "write 127.0.0.1"), ("http://0X7F.1/", "write 127.0.0.1"),
    ("http://0177.0.0.1/", "write 127.0.0.1"), ("http://017700000001/", "write 127.0.0.1"),
    ("http://127.0.0.01/", "write 127.0.0.1"), ("http://127.0.0.1./", "write 127.0.0.1"),
    ("http://0/", "write 0.0.0.0"), ("http://0x/", "write 0.0.0.0"),
    ("http://192.168.257/", "write 192.168.1.1"), ("http://1.2.3.4.5/", "odd spelling"),
    ("http://256.0.0.1/", "odd spelling"), ("http://a.1/", "odd spelling"),
    ("http://09.0.0.1/", "odd spelling"),
  ])
  func isRefused(_ text: String, _ said: String) {
    do {
      let url = try TargetURL(text)
      Issue.record("\(text) was read as \(url)")
    } catch {
      #expect("\(error)".contains(said), "\(error)")
    }
  }

  @Test(arguments: [
    ("https://other.example/x", "https://other.example/x"),
    ("//other.example", "http://other.example/"),
    ("/x?y", "http://example.com:81/x?y"), ("?z", "http://example.com:81/a/b?z"),
    ("c", "http://example.com:81/a/c"),
  ])
  func redirectsLeadOn(_ location: String, _ to: String) throws {
    let url = try TargetURL("http://example.com:81/a/b?q=/1")
    #expect(try url.following(location).description == to)
  }

  @Test func operatorsAllowNetworksAndNames() throws {
    let rules = NetworkRules(
      allowed: ["10.0.0.0/8", "::1", "intranet.example", "*.corp.example", "localhost"].compactMap(
        NetworkRules.Exception.init))
    #expect(rules.allowed.count == 5)
    for text in ["10.1.2.3", "::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1"] {
      #expect(rules.refusal(of: try #require(IPAddress(text))) == nil, "\(text)")
    }
    for text in ["11.0.0.1", "192.168.0.1", "::ffff:127.0.0.1", "fd00::1"] {
      let isRefused = rules.refusal(of: try #require(IPAddress(text))) != nil
      #expect(isRefused == (text != "11.0.0.1"), "\(text)")
    }
    for (name, isRefused) in [
      ("localhost", false), ("a.localhost", true), ("printer.local", true), ("redis", true),
      ("metadata.google.internal", true), ("x.home.arpa", true), ("intranet.example", false),
      ("example.com", false), ("notlocalhost.com", false),
    ] {
      #expect((rules.refusal(of: .name(name)) != nil) == isRefused, "\(name)")
    }
    #expect(rules.allows(name: "a.corp.example"))
    #expect(!rules.allows(name: "corp.example"))
    #expect(!rules.allows(name: "acorp.example"))
    for text in ["10.0.0.1/8", "http://x", "a b", "*", "", "127.1"] {
      #expect(NetworkRules.Exception(text) == nil, "\(text)")
    }
  }
}
