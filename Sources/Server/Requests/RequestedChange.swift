import CardeaHTTPTypes
import CardeaLifecycle
import Hummingbird

/// What every change takes from its request: the fields, who asks, whether it is only tried (`dry_run`), and whether
/// its answer waits until every node obeys (`wait`). Read as a whole before anything is changed.
struct RequestedChange: Sendable {
  let exchange: Exchange
  let identity: Identity
  /// The body as it came.
  let body: JSONBody
  let fields: BodyFields
  /// A dry run waits for nobody.
  let dryRun: Bool
  private let waits: Bool

  /// - Throws: the denial, unless the key that asks grants `scope`.
  init(_ exchange: Exchange, granting scope: String? = nil) async throws {
    self.exchange = exchange
    (identity, body) = try await exchange.received(granting: scope)
    fields = try body.fields()
    let isTried = try fields.boolean("dry_run") ?? false
    let asksToWait = try exchange.query().flag("wait")
    dryRun = isTried
    waits = asksToWait && !isTried
  }

  var actor: Actor { dryRun ? Actor(identity).rehearsing : Actor(identity) }

  /// The receipt of what was done, once every node obeys if the answer waits for that.
  func settled(_ receipt: Receipt) async -> Receipt {
    waits ? await exchange.kernel.waitForConfirmation(of: receipt) : receipt
  }

  func answer(_ changed: ChangedKey) async throws -> Response {
    var changed = changed
    changed.receipt = await settled(changed.receipt)
    return try .json(ChangedKeyResource(changed, at: exchange.now, dryRun: dryRun))
  }

  func answer(_ changed: ChangedOwner) async throws -> Response {
    var changed = changed
    changed.receipt = await settled(changed.receipt)
    return try .json(ChangedOwnerResource(changed, at: exchange.now, dryRun: dryRun))
  }
}
