import FoundationEssentials
import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore

extension Response {
  /// An answer in JSON, with sorted keys, and with the tag of a read that can be asked for again.
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok,
    contentType: String = "application/json", headers: HTTPFields = [:]
  ) throws -> Response {
    var headers = headers
    headers[.contentType] = contentType
    let body = try JSONText.buffer(value)
    if status == .ok { headers[.eTag] = EntityTag.of(body) }
    return Response(status: status, headers: headers, body: .init(byteBuffer: body))
  }

  static func html(
    _ text: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) -> Response {
    var headers = headers
    headers[.contentType] = "text/html; charset=utf-8"
    return Response(
      status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}

/// JSON as the server writes it.
enum JSONText {
  static func buffer(_ value: some Encodable) throws -> ByteBuffer {
    ByteBuffer(bytes: try encoder().encode(value))
  }

  static func string(_ value: some Encodable, pretty: Bool = false) throws -> String {
    String(decoding: try encoder(pretty: pretty).encode(value), as: UTF8.self)
  }

  private static func encoder(pretty: Bool = false) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return encoder
  }
}
