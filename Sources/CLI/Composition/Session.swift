import CardeaLifecycle
import CardeaSQLite
import CardeaServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One run of a command on an open store.
struct Session: Sendable {
  let composition: Composition
  let console: Console
  let json: Bool
  let colour: Bool

  var kernel: AuthKernel { composition.kernel }
  var settings: Settings { composition.settings }
  var now: Timestamp { kernel.clock.now() }

  /// Builds the kernel, opens the store for `body`, and closes it again.
  /// - Parameters:
  ///   - mayCreate: whether a store that is not there yet may be made, also of an empty file.
  ///   - mustLast: whether a store that ends with this process is refused.
  ///   - recording: whether it authenticates; without, no audit file is opened.
  static func run(
    _ common: CommonOptions, mayCreate: Bool = false, mustLast: Bool = false,
    recording: Bool = false,
    _ body: (Session) async throws -> Void
  ) async throws {
    let session = try Session(common)
    switch session.composition.store.presence {
    case .absent where !mayCreate: throw Session.missing(session.composition, common)
    case .volatile where mustLast:
      throw CommandFailure.usage(
        "memory: lives only inside a running server, which makes its first key itself",
        remedy: "Name a store that lasts: --store sqlite:PATH.", field: SettingsTable.storeURL.name)
    case .volatile:
      session.console.note(
        "cardea: memory: keeps nothing: what this command makes is gone when it ends.")
    default: break
    }
    if mayCreate, let store = try session.composition.store.makeStore() as? SQLiteStore {
      try SQLiteStore.fill(store.path)
    }
    try await session.composition.start(recording: recording)
    try await session.ending { try await body(session) }
  }

  /// Builds the kernel for an import. A store that is not there yet is left to `body` to open, once it is known
  /// that there is something to import; on a dry run nobody opens it.
  /// - Parameter body: is also told whether the store was there, and so is open.
  static func runImport(
    _ common: CommonOptions, isDry: Bool,
    _ body: (_ session: Session, _ storeExists: Bool) async throws -> Void
  ) async throws {
    let session = try Session(common)
    let presence = session.composition.store.presence
    if presence == .volatile, !isDry {
      throw CommandFailure.usage(
        "memory: keeps nothing: what is imported would be gone when this command ends",
        remedy: "Name a store that lasts: --store sqlite:PATH.", field: SettingsTable.storeURL.name)
    }
    let storeExists = presence == .present
    if storeExists { try await session.kernel.start(recording: false) }
    try await session.ending { try await body(session, storeExists) }
  }

  /// Shuts the kernel down after `work`, whatever comes of it.
  private func ending(_ work: () async throws -> Void) async throws {
    do {
      try await work()
    } catch {
      await kernel.shutdown()
      throw error
    }
    await kernel.shutdown()
  }

  static func missing(_ composition: Composition, _ common: CommonOptions) -> CommandFailure {
    let url = StoreURL.shown(composition.settings[SettingsTable.storeURL])
    return CommandFailure(
      exit: .store, code: "store_unavailable", message: "there is no store at \(url)",
      remedy: "Make it and its first admin key: \(common.command("init")). Or name another with "
        + "--store or store.url.")
  }

  /// Prints `value` as the contract's JSON.
  func print(_ value: some Encodable) throws {
    let data = try JSONEncoder.contract(pretty: true).encode(value)
    console.out(String(decoding: data, as: UTF8.self))
  }

  func print(_ table: Table) {
    for line in table.lines(colour: colour) { console.out(line) }
  }
}

extension Session {
  /// Builds the kernel. Nothing is opened.
  init(_ common: CommonOptions) throws {
    let toolbox = Toolbox.current
    self.init(
      composition: try Composition.make(
        config: common.config, flags: common.flags, toolbox: toolbox),
      console: toolbox.console, json: common.json,
      colour: toolbox.console.usesColour(toolbox.environment))
  }
}
