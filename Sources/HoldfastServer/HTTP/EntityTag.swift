import Crypto
import HTTPTypes
import Hummingbird
import NIOCore

/// The names of answers' contents (RFC 9110, 8.8.3): a client that holds one need not be sent the same
/// again.
enum EntityTag {
  /// A strong tag: the same bytes have the same one.
  static func of(_ body: ByteBuffer) -> String {
    let digest = SHA256.hash(data: body.readableBytesView)
    return "\"\(Secrets.base64URL(Array(digest.prefix(18))))\""
  }

  /// Whether one of the tags of `If-None-Match` is `tag`, compared weakly as the header asks.
  static func matches(_ header: String, _ tag: String) -> Bool {
    let bare = { (text: String) in text.hasPrefix("W/") ? String(text.dropFirst(2)) : text }
    return header.split(separator: ",").contains { part in
      let given = part.trimmed
      return given == "*" || bare(given) == bare(tag)
    }
  }
}

extension Request {
  /// Whether the thing still is what the client holds, if the client says what that is (`If-Match`, RFC 9110, 13.1.1).
  ///
  /// - Parameter thing: what the address of the thing itself answers now.
  /// - Throws: ``Problem`` where it has changed.
  func checkPrecondition(on thing: some Encodable) throws {
    guard let held = headers[.ifMatch] else { return }
    let tag = EntityTag.of(try JSONText.buffer(thing))
    // A weak tag matches nothing here.
    let isHeld = held.split(separator: ",").contains { ["*", tag].contains($0.trimmed) }
    guard isHeld else {
      throw Problem(
        .preconditionFailed,
        "It has changed since the answer whose ETag is in If-Match: nothing was done. Read it "
          + "again.", headers: [.eTag: tag])
    }
  }
}

extension Response {
  /// 304 in place of a read's answer that the client holds already. Answers to other requests have no tag.
  func conditional(on request: Request) -> Response {
    guard request.method == .get || request.method == .head else {
      // What a write was refused for is told with the tag of what is there now.
      guard status != .preconditionFailed else { return self }
      var response = self
      response.headers[.eTag] = nil
      return response
    }
    guard status == .ok, let tag = headers[.eTag],
      let held = request.headers[.ifNoneMatch], EntityTag.matches(held, tag)
    else { return self }
    var kept: HTTPFields = [.eTag: tag]
    kept[.cacheControl] = headers[.cacheControl]
    return Response(status: .notModified, headers: kept)
  }
}
