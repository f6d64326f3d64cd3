import Hummingbird

// The floor for `/auth`: a Hummingbird service whose one handler answers 200 with nothing.
let port = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 8421
let router = Router()
router.get("/auth") { _, _ in HTTPResponse.Status.ok }
let app = Application(
  router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
try await app.runService()
