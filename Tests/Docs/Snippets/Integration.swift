import Cardea
import CardeaHummingbird
import CardeaSQLite
import Hummingbird

/// The Swift integrator's start.
func serveOrders() async throws {
  let kernel = try AuthKernel.standard(store: SQLiteStore(path: "cardea.sqlite3"))
  try await kernel.start()

  let router = Router(context: BasicCardeaRequestContext<Identity>.self)
  router.group("orders").add(middleware: APIKeyMiddleware(kernel))
    .requireScopes("orders:read")
    .get { _, context in "hello, \(context.identity?.owner ?? "nobody")" }
  try await Application(router: router).runService()
}
