import Testing

@testable import HoldfastCore

@Suite struct IPAddressTests {
  @Test(arguments: [
    ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
    ("::1", "::1"), ("1::", "1::"), ("2001:DB8::A", "2001:db8::a"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
    ("0:0:0:0:0:ffff:7f00:1", "::ffff:127.0.0.1"), ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
  ])
  func isReadAndWritten(_ text: String, _ written: String) throws {
    #expect(try #require(IPAddress(text)).description == written)
  }

  @Test(arguments: [
    "", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", "0x7f.0.0.1", "+1.2.3.4",
    "１.2.3.4",
    ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%eth0",
    "[::1]", "1.2.3.4::", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:8::", ":1::", "+1::",
  ])
  func isRefused(_ text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func networksHoldWhatBeginsAlike() throws {
    let private172 = try #require(IPNetwork("172.16.0.0/12"))
    #expect(private172.contains(try #require(IPAddress("172.31.255.255"))))
    #expect(!private172.contains(try #require(IPAddress("172.32.0.0"))))
    #expect(!private172.contains(try #require(IPAddress("::ac10:1"))))
    let all = try #require(IPNetwork("::/0"))
    #expect(all.contains(try #require(IPAddress("ffff::1"))))
    #expect(try #require(IPNetwork("10.1.2.3")).description == "10.1.2.3/32")
    for text in ["10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/+8", "fd00::1/8", "a/8", ""] {
      #expect(IPNetwork(text) == nil, "\(text)")
    }
  }

  /// First and last address of each row of the registries, those beside them, and every way to write version 4 in version 6.
  @Test(arguments: [
    ("0.0.0.0", "RFC 791"), ("0.255.255.255", "RFC 791"), ("1.0.0.0", ""), ("9.255.255.255", ""),
    ("10.0.0.0", "RFC 1918"), ("10.255.255.255", "RFC 1918"), ("11.0.0.0", ""),
    ("100.63.255.255", ""), ("100.64.0.0", "RFC 6598"), ("100.127.255.255", "RFC 6598"),
    ("100.128.0.0", ""), ("126.255.255.255", ""), ("127.0.0.1", "RFC 1122"),
    ("127.255.255.255", "RFC 1122"), ("128.0.0.0", ""), ("169.254.169.254", "RFC 3927"),
    ("169.253.255.255", ""), ("169.255.0.0", ""), ("172.15.255.255", ""),
    ("172.16.0.0", "RFC 1918"), ("172.31.255.255", "RFC 1918"), ("172.32.0.0", ""),
    ("192.0.0.8", "RFC 6890"), ("192.0.1.0", ""), ("192.0.2.1", "RFC 5737"),
    ("192.88.99.1", "RFC 7526"), ("192.168.255.255", "RFC 1918"), ("192.169.0.0", ""),
    ("198.17.255.255", ""), ("198.18.0.0", "RFC 2544"), ("198.19.255.255", "RFC 2544"),
    ("198.20.0.0", ""), ("198.51.100.7", "RFC 5737"), ("203.0.113.7", "RFC 5737"),
    ("223.255.255.255", ""), ("224.0.0.1", "RFC 5771"), ("239.255.255.255", "RFC 5771"),
    ("240.0.0.0", "RFC 1112"), ("255.255.255.255", "RFC 1112"), ("8.8.8.8", ""),
    ("::", "RFC 4291"), ("::1", "RFC 4291"), ("::7f00:1", "RFC 4291"),
    ("::ffff:127.0.0.1", "RFC 1122"), ("::ffff:8.8.8.8", ""), ("64:ff9b::10.0.0.1", "RFC 1918"),
    ("64:ff9b::8.8.8.8", ""), ("64:ff9b:1::8.8.8.8", "RFC 8215"), ("100::1", "RFC 6666"),
    ("1fff::1", "RFC 4291"), ("2001::1", "RFC 4380"), ("2001:2::1", "RFC 5180"),
    ("2001:3::1", "RFC 2928"), ("2001:10::1", "RFC 4843"), ("2001:2f::1", "RFC 7343"),
    ("2001:1ff::1", "RFC 2928"), ("2001:200::1", ""), ("2001:db8::1", "RFC 3849"),
    ("2002:7f00:1::", "RFC 1122"), ("2002:a9fe:a9fe::1", "RFC 3927"), ("2002:808:808::1", ""),
    ("2606:4700::1111", ""), ("3ffe::1", ""), ("3fff:fff::1", "RFC 9637"), ("3fff:1000::1", ""),
    ("4000::1", "RFC 4291"), ("5f00::1", "RFC 9602"), ("8000::1", "RFC 4291"),
    ("fc00::1", "RFC 4193"), ("fdff::1", "RFC 4193"), ("fe80::1", "RFC 4291"),
    ("fec0::1", "RFC 3879"), ("ff02::1", "RFC 4291"),
  ])
  func isSpecial(_ text: String, _ source: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.special?.source ?? "" == source)
    #expect((NetworkRules().refusal(of: address) == nil) == source.isEmpty)
  }

  @Test func noRowOfTheTableIsMisspelled() {
    #expect(SpecialNetwork.table.count == 34)
  }
}
