import Foundation
import Glibc
import HoldfastTestKit
import Testing

/// A web server on the loopback address, in a process of its own: a file, a minute of sound, pages of tenders, an index of Python packages,
/// and of each something that stops answering in the middle.
struct PortalServer {
  let port: Int
  private let process: ChildProcess
  private let guardian: Guardian

  func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  private static let program = #"""
    import http.server, io, sys, threading, wave, zipfile

    WHOLE = b"x" * 4_000_000

    def sound():
        memory = io.BytesIO()
        with wave.open(memory, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(2 * 8000 * 60))
        return memory.getvalue()

    SOUND = sound()

    def wheel():
        memory = io.BytesIO()
        info = "tenders-1.0.dist-info"
        with zipfile.ZipFile(memory, "w") as archive:
            archive.writestr("tenders/__init__.py", "")
            archive.writestr("tenders/data", WHOLE)
            archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\nName: tenders\nVersion: 1.0\n")
            archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(info + "/RECORD", "")
        return memory.getvalue()

    FILE = "tenders-1.0-py3-none-any.whl"
    WHEEL = wheel()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def say(self, body, kind="text/html", sent=None, status=200):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:sent])
            if sent is not None:
                self.wfile.flush()
                threading.Event().wait()

        def do_GET(self):
            path = self.path
            if path == "/whole":
                self.say(WHOLE, "application/octet-stream")
            elif path == "/half":
                self.say(WHOLE, "application/octet-stream", sent=len(WHOLE) // 2)
            elif path == "/sound":
                self.say(SOUND, "audio/wav")
            elif path == "/half-sound":
                self.say(SOUND, "audio/wav", sent=len(SOUND) // 2)
            elif path in ("/index/tenders/", "/hanging-index/tenders/"):
                self.say(('<a href="%s">%s</a>' % (FILE, FILE)).encode())
            elif path == "/index/tenders/" + FILE:
                self.say(WHEEL, "application/zip")
            elif path == "/hanging-index/tenders/" + FILE:
                self.say(WHEEL, "application/zip", sent=len(WHEEL) // 2)
            elif path == "/tenders/silent":
                threading.Event().wait()
            elif path == "/tenders/halfway":
                self.say(b'<ul><li>1</li><li>2</li></ul><a href="/tenders/silent">next</a>')
            elif path.startswith("/tenders/"):
                page = int(path.rsplit("/", 1)[1])
                items = "".join("<li>%d</li>" % (page * 10 + n) for n in range(10))
                more = '<a href="/tenders/%d">next</a>' % (page + 1) if page < 3 else ""
                self.say(("<ul>%s</ul>%s" % (items, more)).encode())
            else:
                self.say(b"gone", status=404)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(server.server_address[1]) + "\n")
    import os
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()
    """#

  static func start(in folder: TemporaryFolder) async throws -> PortalServer {
    let null = try StreamFile("/dev/null", O_RDWR)
    let errors = try StreamFile(folder.path("server-errors"), O_WRONLY | O_CREAT)
    let note = folder.path("server-port")
    let process = try ChildProcess(
      ["python3", "-c", program, note], input: null.descriptor, output: null.descriptor,
      error: errors.descriptor)
    let guardian = try Guardian("kill -KILL \"$1\" 2>/dev/null", ["\(process.processID)"])
    let port = try await eventually("the server's port", within: .seconds(60)) {
      FileManager.default.contents(atPath: note).flatMap {
        Int(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    return PortalServer(port: port, process: process, guardian: guardian)
  }
}
