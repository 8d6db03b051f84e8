import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore

/// The page's own files, embedded in the program. Their names carry a hash of what is in them, so
/// that browsers may keep them for ever.
struct Assets: Sendable {
  struct File: Sendable {
    var contentType: String
    var hash: String
    var body: ByteBuffer
  }

  /// By address.
  private let files: [String: File]
  /// What templates call them.
  let names: Names

  struct Names: Sendable {
    var style: String
    var app: String
    var favicon: String
  }

  init() {
    var files: [String: File] = [:]
    func add(_ name: String, _ suffix: String, _ contentType: String, _ text: String) -> String {
      let hash = String(Secrets.hash(text).prefix(16))
      let address = "/assets/\(name)-\(hash).\(suffix)"
      files[address] = File(
        contentType: contentType, hash: hash, body: ByteBuffer(string: text))
      return address
    }
    let script = "text/javascript; charset=utf-8"
    // Modules import one another under their plain names; the addresses with hashes take their
    // place.
    var app = Self.text(PackageResources.app_js)
    for (name, bytes) in [
      ("live", PackageResources.live_js), ("regions", PackageResources.regions_js),
      ("times", PackageResources.times_js), ("form", PackageResources.form_js),
      ("select", PackageResources.select_js),
    ] {
      app = app.replacing("'./\(name).js'", with: "'\(add(name, "js", script, Self.text(bytes)))'")
    }
    names = Names(
      style: add("style", "css", "text/css; charset=utf-8", Self.text(PackageResources.style_css)),
      app: add("app", "js", script, app),
      favicon: add("favicon", "svg", "image/svg+xml", Self.text(PackageResources.favicon_svg)))
    self.files = files
  }

  func add(to routes: inout Routes) {
    routes.get("/assets/{name}") { request, _ in try answer(request, at: request.uri.path) }
    routes.get("/favicon.ico") { request, _ in try answer(request, at: names.favicon) }
  }

  private func answer(_ request: Request, at address: String) throws(Problem) -> Response {
    guard let file = files[address] else {
      throw Problem(.notFound, "There is no such file. Reload the page.")
    }
    let tag = "\"\(file.hash)\""
    var headers: HTTPFields = [.eTag: tag]
    headers[.cacheControl] =
      request.uri.path == address
      ? "public, max-age=31536000, immutable" : "public, max-age=86400"
    if request.headers[.ifNoneMatch]?.contains(tag) ?? false {
      return Response(status: .notModified, headers: headers)
    }
    headers[.contentType] = file.contentType
    return Response(status: .ok, headers: headers, body: .init(byteBuffer: file.body))
  }

  private static func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}
