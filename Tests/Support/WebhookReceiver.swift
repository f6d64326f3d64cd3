import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A receiver of webhooks in a process of its own: Python's `http.server`, which answers by path.
///
/// - `/ok…`: 204. `/once…`: 500 the first time, then 204. `/500…`: 500. `/redirect`: 302 to `/ok`.
/// - `/big`: 200 and 10 GB. `/headers`: headers without an end. `/hang…`: no answer at all. `/drip…`: an answer of which
///   one byte comes a second. `/close…`: the connection is reset in place of an answer.
/// - `/create…`: 204, once it has had the server that ``callBack(_:token:)`` names make another key, whose signal comes
///   here too; the fifth time, and from then on, only the 204.
/// - `/reenter…`: 204, once it has asked the server that ``callBack(_:token:)`` names, and had it remove the endpoint;
///   what came of it is received as `/reentered`.
// @unchecked: one test uses it, one call at a time.
public final class WebhookReceiver: @unchecked Sendable {
  /// A request as it came.
  public struct Received: Sendable, Decodable {
    public let path: String
    /// Names in lower case.
    public let headers: [String: String]
    public let body: String

    /// What the body says it is.
    public var type: String? { json["type"] as? String }
    public var data: [String: Any] { json["data"] as? [String: Any] ?? [:] }

    private var json: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
    }
  }

  public let port: Int
  private let process = Process()
  /// What it reads: it ends when this does, so that it never outlives the tests.
  private let life = Pipe()
  private let lines: AsyncStream<String>
  private var received: [Received] = []

  /// - Parameter certificate: the path of a PEM file of key and certificate: speaks TLS.
  public init(certificate: String? = nil) async throws {
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", "-u", "-c", WebhookReceiver.script] + (certificate.map { [$0] } ?? [])
    let out = Pipe()
    process.standardInput = life
    process.standardOutput = out
    let (lines, continuation) = AsyncStream<String>.makeStream()
    let reader = out.fileHandleForReading
    try process.run()
    Thread.detachNewThread {
      var rest = Data()
      while case let data = reader.availableData, !data.isEmpty {
        rest += data
        while let end = rest.firstIndex(of: 0x0A) {
          continuation.yield(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
          rest = rest[rest.index(after: end)...]
        }
      }
      continuation.finish()
    }
    self.lines = lines
    var first = lines.makeAsyncIterator()
    guard let line = await first.next(), let number = Int(line) else {
      throw HTTPClientError.unreadable("the receiver did not start")
    }
    port = number
  }

  // It was started on a thread of Dispatch, where SIGTERM is blocked, and inherited that.
  deinit { kill(process.processIdentifier, SIGKILL) }

  /// Where `/reenter` asks, and with what.
  public func callBack(_ address: String, token: String) throws {
    let line = try JSONSerialization.data(withJSONObject: ["base": address, "token": token])
    try life.fileHandleForWriting.write(contentsOf: line + [0x0A])
  }

  public func url(_ path: String, scheme: String = "http", host: String = "127.0.0.1") -> String {
    "\(scheme)://\(host):\(port)\(path)"
  }

  /// Everything that has come so far or comes until `isEnough`. Fails the test by its time limit if that is never.
  public func wait(until isEnough: ([Received]) -> Bool) async throws -> [Received] {
    while !isEnough(received) {
      var next = lines.makeAsyncIterator()
      guard let line = await next.next() else { break }
      received.append(try JSONDecoder().decode(Received.self, from: Data(line.utf8)))
    }
    return received
  }

  private static let script = """
    import json, os, socket, ssl, struct, sys, threading, time, urllib.error, urllib.request
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    seen = {}
    lock = threading.Lock()
    server_to_ask = {}

    def ask(method, path, body=None):
        request = urllib.request.Request(
            server_to_ask["base"] + path, method=method, data=body,
            headers={"X-API-Key": server_to_ask["token"], "Content-Type": "application/json"})
        try:
            return urllib.request.urlopen(request, timeout=30).status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError as error:
            return str(error)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            line = json.dumps({"path": self.path, "headers": headers, "body": body})
            with lock:
                count = seen[self.path] = seen.get(self.path, 0) + 1
                sys.stdout.write(line + "\\n")
                sys.stdout.flush()
            self.close_connection = True
            if self.path.startswith("/reenter"):
                webhook = headers["webhook-id"].split("_")[1]
                said = {
                    "auth": ask("GET", "/auth"), "keys": ask("GET", "/v1/keys"),
                    "delete": ask("DELETE", "/v1/webhooks/" + webhook)}
                line = json.dumps({"path": "/reentered", "headers": {}, "body": json.dumps(said)})
                with lock:
                    sys.stdout.write(line + "\\n")
                    sys.stdout.flush()
            if self.path.startswith("/create") and count < 5:
                ask("GET", "/auth")
                ask("POST", "/v1/keys", json.dumps({"name": "made-%d" % count}).encode())
            if self.path.startswith("/hang"):
                threading.Event().wait()
            try:
                self.answer(count == 1)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                pass

        def answer(self, first):
            if self.path.startswith("/big"):
                self.send_response(200)
                self.send_header("Content-Length", str(10 * 2**30))
                self.end_headers()
                for _ in range(10 * 2**14):
                    self.wfile.write(b"x" * 65536)
                return
            if self.path.startswith("/close"):
                # With this, closing is a reset.
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            if self.path.startswith("/drip"):
                for byte in b"HTTP/1.1 204 " + b"x" * 1000:
                    self.wfile.write(bytes([byte]))
                    time.sleep(1)
            if self.path.startswith("/headers"):
                self.wfile.write(b"HTTP/1.1 200 OK\\r\\n")
                while True:
                    self.wfile.write(b"X-Filler: " + b"x" * 1000 + b"\\r\\n")
            status = 204
            if self.path.startswith("/500") or (self.path.startswith("/once") and first):
                status = 500
            if self.path.startswith("/redirect"):
                status = 302
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/ok")
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        server_to_ask.update(json.loads(line))
    os._exit(0)
    """
}
