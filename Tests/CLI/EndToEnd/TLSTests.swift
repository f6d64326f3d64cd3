#if TLS
  import CardeaTestSupport
  import Foundation
  import Testing

  /// `cardea serve --tls-cert --tls-key`, as curl and openssl see it.
  @Suite("TLS", .serialized)
  struct TLSTests {
    @Test("HTTP/2 and HTTP/1.1, as the client chooses; TLS 1.2 and 1.3, and nothing before")
    func protocols() async throws {
      let program = try TLSProgram()
      let token = try #require(
        try program.program.run("init").lines.last, "there is no token of an admin key")
      let server = try await program.serve()
      for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let line = try server.curl(flag, "-w", "%{http_version} %{http_code}", path: "/healthz")
        #expect(line == "\(version) 200")
        let allowed = try server.curl(
          flag, "-H", "X-API-Key: \(token)", "-w", "%{http_code}", path: "/auth")
        #expect(allowed == "200")
        let listed = try server.curl(
          flag, "-H", "X-API-Key: \(token)", "-w", "%{http_code}", path: "/v1/keys")
        #expect(listed == "200")
        #expect(try server.curl(flag, "-w", "%{http_code}", path: "/auth") == "401")
        let page = try server.curl(flag, "-w", "%{http_code}", path: "/openapi.yaml")
        #expect(page == "200")
      }
      // Without ALPN.
      #expect(try server.curl("--no-alpn", "-w", "%{http_version}", path: "/healthz") == "1.1")
      for (flag, isTaken) in [("-tls1_2", true), ("-tls1_3", true), ("-tls1_1", false)] {
        let status = try program.shell(
          "openssl s_client -connect 127.0.0.1:\(server.port) \(flag) -cipher ALL@SECLEVEL=0 "
            + "</dev/null >client.out 2>&1; echo $?")
        let said = try program.text("client.out")
        #expect((status == "0") == isTaken, "\(flag): \(said)")
      }
      // Of TLS 1.2, what is not authenticated encryption is not spoken.
      for (cipher, isTaken) in [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", true), ("ECDHE-ECDSA-AES128-SHA", false),
      ] {
        let status = try program.shell(
          "openssl s_client -connect 127.0.0.1:\(server.port) -tls1_2 -cipher \(cipher) "
            + "</dev/null >client.out 2>&1; echo $?")
        #expect((status == "0") == isTaken, "\(cipher)")
      }
      let clear = try program.shell(
        "curl -s --max-time 20 http://127.0.0.1:\(server.port)/healthz; echo $?")
      #expect(clear != "0" && !clear.contains("status"))
      #expect(server.stop() == 0)
      let log = try server.log()
      #expect(!log.contains("without TLS"))
      #expect(!log.contains("error"), "\(log)")
    }

    @Test("a new certificate is taken without a word to those who are connected")
    func reload() async throws {
      let program = try TLSProgram()
      let token = try #require(try program.program.run("init").lines.last)
      let server = try await program.serve()
      let first = try server.serial()
      // A stream that goes on all the time.
      let stream = try program.start(
        "exec curl -sN --http2 --cacert cert.pem -H 'X-API-Key: \(token)' "
          + "https://127.0.0.1:\(server.port)/v1/signals >stream.out 2>&1")
      defer { stream.terminate() }
      try await program.wait("the stream began") {
        try program.text("stream.out").contains("retry:")
      }
      try program.makePair("next")
      try program.move("next")
      try await program.wait("the log says so") {
        try server.log().contains("the certificate was replaced")
      }
      let second = try server.serial()
      #expect(first != second)
      #expect(try server.curl("-w", "%{http_code}", path: "/healthz") == "200")
      let made = try program.program.run("keys", "create", "later")
      #expect(made.status == 0)
      try await program.wait("the old connection goes on") {
        try program.text("stream.out").contains("event: key_created")
      }
      #expect(stream.isRunning)
      #expect(server.stop() == 0)
    }

    @Test("of one that can't be used the log says so once, and the old one stays")
    func badReload() async throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      let server = try await program.serve()
      let first = try server.serial()
      func refusals() throws -> Int {
        try server.log().components(separatedBy: "is not taken, the old one stays").count - 1
      }
      try program.program.write("-----BEGIN CERTIFICATE-----\nnonsense\n", to: "cert.pem")
      try await program.wait("the first is refused") { try refusals() == 1 }
      #expect(try server.serial() == first)
      #expect(try server.log().contains("server.tls_cert = "))

      try program.makePair("next")
      try program.move("next")
      try await program.wait("a good one is taken") {
        try server.log().contains("the certificate was replaced")
      }
      let second = try server.serial()
      #expect(second != first)
      // Looked at many times, told once.
      #expect(try refusals() == 1)

      try program.makePair("other")
      try program.shell("mv other-key.pem key.pem")
      try await program.wait("a key of another is refused") { try refusals() == 2 }
      #expect(try server.log().contains("server.tls_key = "))
      try program.shell("rm cert.pem")
      try await program.wait("none is refused") { try refusals() == 3 }
      #expect(try server.serial() == second)
      #expect(server.stop() == 0)
    }

    @Test("files that are put right are taken, also where nothing but their mode changes")
    func repaired() async throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      let server = try await program.serve()
      let first = try server.serial()
      try program.makePair("next")
      try program.shell("chmod 644 next-key.pem")
      try program.move("next")
      try await program.wait("a key that everybody may read is refused") {
        try server.log().contains("everybody on this machine has access to the file")
      }
      #expect(try server.serial() == first)
      // It shows the former one, which is not in the file any more.
      _ = try server.curl("--insecure", path: "/readyz")
      #expect(try program.text("body.out").contains("certificate_not_taken"))
      try program.shell("chmod 640 key.pem")
      try await program.wait("with another mode it is taken") {
        try server.log().contains("the certificate was replaced")
      }
      #expect(try server.serial() != first)
      _ = try server.curl(path: "/readyz")
      #expect(try !program.text("body.out").contains("certificate"))
      #expect(server.stop() == 0)
    }

    @Test("what can't be used is refused at start, by name", arguments: ["serve", "check"])
    func faults(command: String) throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      try program.makePair("other")
      try program.program.write("nonsense\n", to: "nonsense.pem")
      try program.shell(
        "openssl pkey -in key.pem -aes256 -passout pass:canary -out locked.pem 2>openssl.err; "
          + "chmod 600 nonsense.pem; cat other-cert.pem cert.pem >reversed.pem; cp key.pem open.pem; chmod 604 open.pem"
      )
      let cases: [(cert: String?, key: String?, setting: String, says: String)] = [
        ("cert.pem", nil, "server.tls_cert", "--tls-key FILE"),
        (nil, "key.pem", "server.tls_key", "--tls-cert FILE"),
        ("cert.pem", "other-key.pem", "server.tls_key", "not the key of the certificate"),
        ("nonsense.pem", "key.pem", "server.tls_cert", "no certificate that can be read"),
        ("cert.pem", "nonsense.pem", "server.tls_key", "no key that can be read"),
        ("key.pem", "key.pem", "server.tls_cert", "no certificate that can be read"),
        ("cert.pem", "locked.pem", "server.tls_key", "protected by a passphrase"),
        ("nowhere.pem", "key.pem", "server.tls_cert", "can't be opened"),
        ("cert.pem", "/dev/null", "server.tls_key", "not a regular file"),
        ("reversed.pem", "key.pem", "server.tls_cert", "number 2 in the file, not the first"),
        ("cert.pem", "open.pem", "server.tls_key", "everybody on this machine has access"),
      ]
      for (cert, key, setting, says) in cases {
        var environment: [String: String] = [:]
        environment["CARDEA_SERVER_TLS_CERT"] = cert
        environment["CARDEA_SERVER_TLS_KEY"] = key
        environment["CARDEA_SERVER_PORT"] = "0"
        let result = try program.program.run([command], environment: environment)
        #expect(result.status == 2, "\(says): \(result.out) \(result.err)")
        #expect(result.err.contains("\(setting) = "), "\(result.err)")
        #expect(result.err.contains(says), "\(result.err)")
        #expect(!result.err.contains("canary") && !result.err.contains("PRIVATE KEY-----\n"))
      }
    }

    @Test("what stands in place of a file's name is not shown", arguments: ["serve", "check"])
    func pasted(command: String) throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      let key = try program.text("key.pem")
      let secret = try #require(key.split(separator: "\n").dropFirst().first)
      let result = try program.program.run(
        [command],
        environment: ["CARDEA_SERVER_TLS_CERT": "cert.pem", "CARDEA_SERVER_TLS_KEY": key])
      #expect(result.status == 2)
      #expect(result.err.contains("server.tls_key = <PEM>\n"), "\(result.err)")
      #expect(!(result.err + result.out).contains(secret.prefix(12)))
    }

    @Test("check warns of a certificate that ends soon")
    func warnings() async throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      let environment = [
        "CARDEA_SERVER_TLS_CERT": "cert.pem", "CARDEA_SERVER_TLS_KEY": "key.pem",
        "CARDEA_SERVER_HOST": "0.0.0.0",
      ]
      try program.shell("chmod 600 key.pem")
      let good = try program.program.run("check", environment: environment)
      #expect(good.status == 0)
      #expect(!good.out.contains("certificate") && !good.out.contains("tls_key"), "\(good.out)")
      try program.shell("chmod 640 key.pem")
      #expect(try program.program.run("check", environment: environment).status == 0)
      #expect(!good.out.contains("in clear"), "\(good.out)")
      try program.makePair("short", days: 13)
      try program.move("short")
      let warned = try program.program.run("check", environment: environment)
      #expect(warned.status == 0)
      #expect(warned.out.contains("warning: a certificate in server.tls_cert ends at"))
      let server = try await program.serve()
      _ = try server.curl(path: "/readyz")
      #expect(try program.text("body.out").contains("certificate_ends"))
      #expect(server.stop() == 0)
      #expect(try server.log().contains("ends soon or has ended"))
    }

    /// Each of these takes the only place that there is, and says no more: whoever comes next is answered when it has
    /// been closed.
    @Test(
      "who does not come to a request is closed", arguments: ["", "\\x16\\x03\\x01\\x02\\x00\\x01"])
    func unfinishedHandshakes(beginning: String) async throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      let server = try await program.serve(["CARDEA_SERVER_MAX_CONNECTIONS": "1"])
      let status = try program.shell(
        "exec 3<>/dev/tcp/127.0.0.1/\(server.port); printf '\(beginning)' >&3; "
          + server.curlLine("-w '%{http_code}'", path: "/healthz"))
      #expect(status == "200")
      #expect(server.stop() == 0)
    }

    @Test("who shakes hands and says nothing is closed, too", arguments: ["h2", "http/1.1"])
    func silence(name: String) async throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      let server = try await program.serve(["CARDEA_SERVER_MAX_CONNECTIONS": "1"])
      let status = try program.shell(
        """
        mkfifo silence; exec 4<>silence
        openssl s_client -alpn \(name) -connect 127.0.0.1:\(server.port) <&4 >client.out 2>&1 &
        until grep -q '^ALPN protocol: \(name)' client.out; do sleep 0.1; done
        \(server.curlLine("-w '%{http_code}'", path: "/healthz"))
        kill $! 2>/dev/null; true
        """)
      #expect(status == "200")
      #expect(server.stop() == 0)
    }

    /// curl holds its one connection; the stream on it has its own time.
    @Test("a body that comes too slowly ends its stream")
    func slowBody() async throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      let server = try await program.serve()
      let status = try program.shell(
        """
        (for i in {1..300}; do printf ' ' || break; sleep 0.1; done) 2>/dev/null | {
          curl -s --http2 --cacert cert.pem --max-time 40 -X POST -H 'Content-Type: application/json' \
            -T - https://127.0.0.1:\(server.port)/v1/leaked >client.out; echo $?
        }
        """)
      // Neither answered nor given up by curl (28).
      #expect(status != "0" && status != "28", "\(status)")
      #expect(try server.curl("--http2", "-w", "%{http_code}", path: "/healthz") == "200")
      #expect(server.stop() == 0)
    }

    /// A stream of HTTP/2 may hold as much before anybody is known as a connection of HTTP/1.1.
    @Test("of streams there are no more than of connections")
    func streams() async throws {
      let program = try TLSProgram()
      let token = try #require(try program.program.run("init").lines.last)
      let server = try await program.serve([
        "CARDEA_SERVER_MAX_CONNECTIONS": "2", "CARDEA_SERVER_REQUEST_TIMEOUT": "30s",
      ])
      let url = "https://127.0.0.1:\(server.port)/v1/signals"
      let codes = try program.shell(
        "curl -sN --no-progress-meter --http2 --parallel --cacert cert.pem --max-time 5 -H 'X-API-Key: \(token)' "
          + "-w '%{stderr}%{http_code}\n' \(url) \(url) \(url) \(url) >body.out 2>codes.out; "
          + "sort codes.out | uniq -c | tr -s ' \n' ' '")
      #expect(codes.trimmingCharacters(in: .whitespaces) == "2 200 2 503", "\(codes)")
      #expect(try program.text("body.out").contains("overloaded"))
      // What has ended has made room.
      #expect(
        try server.curl("-H", "X-API-Key: \(token)", "-w", "%{http_code}", path: "/auth") == "200")
      #expect(server.stop() == 0)
    }

    @Test("cookies that come in several fields of HTTP/2 are one value")
    func cookies() async throws {
      let program = try TLSProgram()
      #expect(try program.program.run("init").status == 0)
      let server = try await program.serve(["CARDEA_EXTRACT_HEADERS": "Cookie"])
      for flag in ["--http2", "--http1.1"] {
        _ = try server.curl(flag, "-H", "Cookie: a=1", "-H", "Cookie: b=2", path: "/auth")
      }
      #expect(server.stop() == 0)
      let listed = try program.program.run("audit", "list")
      func count(_ word: String) -> Int { listed.out.components(separatedBy: word).count - 1 }
      #expect(count("authentication_failed") == 2, "\(listed.out)")
      #expect(count("ambiguous") == 1, "\(listed.out)")
    }
  }

  /// A folder with a certificate, its key, and the program to serve with them.
  struct TLSProgram {
    let program: CardeaProgram

    init() throws {
      program = try CardeaProgram()
      try makePair("first")
      try move("first")
    }

    /// `NAME-cert.pem` and `NAME-key.pem`.
    func makePair(_ name: String, days: Int = 90) throws {
      try shell(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days \(days) "
          + "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 "
          + "-keyout \(name)-key.pem -out \(name)-cert.pem 2>openssl.err")
    }

    /// Puts a pair into the place of what there is.
    func move(_ name: String) throws {
      try shell("mv \(name)-key.pem key.pem && mv \(name)-cert.pem cert.pem")
    }

    func text(_ name: String) throws -> String {
      program.exists(name) ? String(decoding: try program.bytes(name), as: UTF8.self) : ""
    }

    /// Runs it in the folder; what it wrote to stdout, without the last line's end.
    @discardableResult
    func shell(_ script: String) throws -> String {
      let out = try Tool.run("bash", ["-c", "cd '\(program.folder.path)'; \(script)"])
      return out.hasSuffix("\n") ? String(out.dropLast()) : out
    }

    func start(_ script: String) throws -> Process {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["bash", "-c", script]
      process.currentDirectoryURL = program.folder
      try process.run()
      return process
    }

    /// Until it holds; a minute at most.
    func wait(_ what: Comment, _ holds: () throws -> Bool) async throws {
      for _ in 0..<1_200 {
        if try holds() { return }
        try await Task.sleep(for: .milliseconds(50))
      }
      try #require(try holds(), what)
    }

    /// Serves with `cert.pem` and `key.pem`, with short time limits.
    func serve(_ environment: [String: String] = [:]) async throws -> TLSServer {
      var settings = [
        "CARDEA_SERVER_REQUEST_TIMEOUT": "1s", "CARDEA_SERVER_IDLE_TIMEOUT": "1s",
      ]
      settings.merge(environment) { $1 }
      let process = try program.process(
        ["serve", "--port", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"],
        environment: settings)
      try Data().write(to: program.folder.appending(path: "server.log"))
      process.standardInput = FileHandle.nullDevice
      process.standardError = try FileHandle(
        forWritingTo: program.folder.appending(path: "server.log"))
      try process.run()
      try await wait("it listens") {
        try !process.isRunning || text("server.log").contains("(Ctrl-C ends it)\n")
      }
      let log = try text("server.log")
      let address = try #require(
        log.firstMatch(of: /listens on https:\/\/127\.0\.0\.1:(\d+)/), "\(log)")
      return TLSServer(program: self, process: process, port: String(address.1))
    }
  }

  /// A server that speaks TLS.
  final class TLSServer {
    let program: TLSProgram
    let process: Process
    let port: String

    init(program: TLSProgram, process: Process, port: String) {
      (self.program, self.process, self.port) = (program, process, port)
    }

    deinit { if process.isRunning { process.terminate() } }

    /// What it has written to stderr so far.
    func log() throws -> String { try program.text("server.log") }

    /// Sends SIGTERM and gives the exit code.
    func stop() -> Int32 {
      process.terminate()
      process.waitUntilExit()
      return process.terminationReason == .exit ? process.terminationStatus : -1
    }

    /// Runs curl, which must be answered, and gives what `-w` says.
    func curl(_ arguments: String..., path: String) throws -> String {
      let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
      return try program.shell(curlLine(quoted, path: path))
    }

    func curlLine(_ arguments: String, path: String) -> String {
      "curl -sS --max-time 40 --cacert cert.pem -o body.out \(arguments) "
        + "https://127.0.0.1:\(port)\(path)"
    }

    /// The serial number of the certificate that it shows.
    func serial() throws -> String {
      try program.shell(
        "openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>client.err "
          + "| openssl x509 -noout -serial")
    }
  }
#endif
