import CardeaContracts
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaWebhooks

/// libcurl against a real receiver.
@Suite("Sending webhooks", .timeLimit(.minutes(5)))
struct WebhookSenderTests {
  private func send(
    _ url: String, _ change: (inout WebhookOptions) -> Void = { _ in }
  ) async -> WebhookAnswer {
    var options = WebhookOptions()
    options.allow = [CIDR("127.0.0.0/8")].compactMap(\.self)
    options.timeout = .seconds(60)
    change(&options)
    return await WebhookSender(options).send(
      WebhookRequest(url: url, headers: ["X-Test: a"], body: Array(#"{"type":"t"}"#.utf8)))
  }

  @Test func aRequestArrivesAsItIs() async throws {
    let receiver = try await WebhookReceiver()
    #expect(await send(receiver.url("/ok?a=b")) == .status(204))
    let all = try await receiver.wait { !$0.isEmpty }
    #expect(all.map(\.path) == ["/ok?a=b"])
    #expect(all.first?.body == #"{"type":"t"}"#)
    #expect(all.first?.headers["x-test"] == "a")
    #expect(all.first?.headers["expect"] == nil)
  }

  /// Whatever a name resolves to is judged when the connection is opened.
  @Test(arguments: ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
  func loopbackIsRefused(_ host: String) async throws {
    let receiver = try await WebhookReceiver()
    let refused = WebhookAnswer.failed(
      "its address is not public, and webhooks.allow does not name it")
    for scheme in ["http", "https"] {
      let url = receiver.url("/never", scheme: scheme, host: host)
      #expect(await send(url) { $0.allow = [] } == refused)
    }
    #expect(await send(receiver.url("/ok")) == .status(204))
    #expect(try await receiver.wait { !$0.isEmpty }.map(\.path) == ["/ok"])
  }

  @Test func aRedirectIsNotFollowed() async throws {
    let receiver = try await WebhookReceiver()
    #expect(await send(receiver.url("/redirect")) == .status(302))
    #expect(await send(receiver.url("/ok/after")) == .status(204))
    let paths = try await receiver.wait { $0.count >= 2 }.map(\.path)
    #expect(paths == ["/redirect", "/ok/after"])
    #expect(!WebhookAnswer.status(302).isSuccess)
  }

  @Test func tenGigabytesAreCutOff() async throws {
    let receiver = try await WebhookReceiver()
    #expect(await send(receiver.url("/big")) == .status(200))
  }

  @Test func headersWithoutEndAreAFailure() async throws {
    let receiver = try await WebhookReceiver()
    #expect(
      await send(receiver.url("/headers")) == .failed("the headers of its answer are too long"))
  }

  @Test func whoeverNeverAnswersIsLeft() async throws {
    let receiver = try await WebhookReceiver()
    let answer = await send(receiver.url("/hang")) { $0.timeout = .milliseconds(200) }
    #expect(answer == .failed("no answer in time"))
  }

  @Test func aStopEndsWhatIsUnderWay() async throws {
    let receiver = try await WebhookReceiver()
    var options = WebhookOptions()
    options.allow = [CIDR("127.0.0.0/8")].compactMap(\.self)
    options.timeout = .seconds(600)
    let sender = WebhookSender(options)
    let request = WebhookRequest(url: receiver.url("/hang"), headers: [], body: [])
    async let answer = sender.send(request)
    _ = try await receiver.wait { !$0.isEmpty }
    sender.stop()
    #expect(await answer == .failed("the server stops"))
    #expect(await sender.send(request) == .failed("the server stops"))
  }

  /// As many as there are threads hang; one more waits for its turn and gets it.
  @Test func moreThanThereAreThreadsWaitForTheirTurn() async throws {
    let receiver = try await WebhookReceiver()
    var options = WebhookOptions()
    options.allow = [CIDR("127.0.0.0/8")].compactMap(\.self)
    options.concurrency = 2
    options.timeout = .seconds(60)
    let sender = WebhookSender(options)
    let answers = await withTaskGroup(of: WebhookAnswer.self) { group in
      for number in 0..<20 {
        let request = WebhookRequest(url: receiver.url("/ok/\(number)"), headers: [], body: [])
        group.addTask { await sender.send(request) }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers == Array(repeating: .status(204), count: 20))
  }

  /// Whoever tries an endpoint out waits for no delivery and holds none up; more than two at once are refused.
  @Test func trialsHaveThreadsOfTheirOwn() async throws {
    let receiver = try await WebhookReceiver()
    var options = WebhookOptions()
    options.allow = [CIDR("127.0.0.0/8")].compactMap(\.self)
    options.concurrency = 1
    options.timeout = .seconds(600)
    let sender = WebhookSender(options)
    func request(_ path: String) -> WebhookRequest {
      WebhookRequest(url: receiver.url(path), headers: [], body: [])
    }
    async let hanging = sender.send(request("/hang"))
    _ = try await receiver.wait { !$0.isEmpty }
    let first = try #require(sender.trialTurn())
    #expect(await first.send(request("/ok/trial")) == .status(204))
    let second = try #require(sender.trialTurn())
    #expect(sender.trialTurn().map { _ in true } == nil)
    first.end()
    try #require(sender.trialTurn()).end()
    async let tried = second.send(request("/hang/trial"))
    _ = try await receiver.wait { $0.count >= 3 }
    sender.stop()
    #expect(await hanging == .failed("the server stops"))
    #expect(await tried == .failed("the server stops"))
  }

  /// TLS is always verified: against the system's certificates, or those of `webhooks.ca_file`.
  @Test func aCertificateMustBeTrusted() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (key, certificate, both) = (
      folder.appending(path: "key.pem").path, folder.appending(path: "cert.pem").path,
      folder.appending(path: "both.pem").path
    )
    let openssl = Process()
    openssl.executableURL = URL(filePath: "/usr/bin/env")
    openssl.arguments = [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
      "-keyout", key, "-out", certificate,
    ]
    openssl.standardError = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    try #require(openssl.terminationStatus == 0)
    try (Data(contentsOf: URL(filePath: key)) + Data(contentsOf: URL(filePath: certificate)))
      .write(to: URL(filePath: both))
    let receiver = try await WebhookReceiver(certificate: both)
    let untrusted = WebhookAnswer.failed("its certificate is not trusted")
    let url = receiver.url("/ok", scheme: "https", host: "localhost")
    #expect(await send(url) == untrusted)
    #expect(await send(url) { $0.caFile = certificate } == .status(204))
    // A certificate of another name.
    let other = receiver.url("/ok", scheme: "https")
    #expect(await send(other) { $0.caFile = certificate } == untrusted)
    #expect(
      await send(url) { $0.caFile = "/no/such/file" } == .failed("webhooks.ca_file can't be read"))
  }

  @Test func whatIsNotThereIsNamed() async throws {
    let receiver = try await WebhookReceiver()
    let port = receiver.port
    #expect(await send("http://127.0.0.2:\(port)/") == .failed("no connection"))
    #expect(
      await send("https://no-such-host.invalid/") == .failed("its name could not be resolved"))
  }
}

extension WebhookSender {
  /// Sends a request in its turn.
  fileprivate func send(_ request: WebhookRequest) async -> WebhookAnswer {
    let turn = await turn()
    defer { turn.end() }
    return await turn.send(request)
  }
}
