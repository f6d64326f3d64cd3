import CardeaKernel
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
    let toolbox = Toolbox.current
    let composition = try Composition.make(
      config: common.config, flags: common.flags, toolbox: toolbox)
    let session = Session(
      composition: composition, console: toolbox.console, json: common.json,
      colour: toolbox.console.usesColour(toolbox.environment))
    switch composition.store.presence {
    case .absent where !mayCreate: throw Session.missing(composition, common)
    case .volatile where mustLast:
      throw CommandFailure.usage(
        "memory: lives only inside a running server, which makes its first key itself",
        remedy: "Name a store that lasts: --store sqlite:PATH.", field: SettingsTable.storeURL.name)
    case .volatile:
      session.console.note(
        "cardea: memory: keeps nothing: what this command makes is gone when it ends.")
    default: break
    }
    if mayCreate, let store = try composition.store.makeStore() as? SQLiteStore {
      try SQLiteStore.fill(store.path)
    }
    try await composition.start(recording: recording)
    do {
      try await body(session)
    } catch {
      await composition.kernel.shutdown()
      throw error
    }
    await composition.kernel.shutdown()
  }

  /// Builds the kernel for an import. A store that is not there yet is left to `body` to open, once it is known
  /// that there is something to import; on a dry run nobody opens it.
  /// - Parameter body: is also told whether the store was there, and so is open.
  static func runImport(
    _ common: CommonOptions, isDry: Bool,
    _ body: (_ session: Session, _ storeExists: Bool) async throws -> Void
  ) async throws {
    let toolbox = Toolbox.current
    let composition = try Composition.make(
      config: common.config, flags: common.flags, toolbox: toolbox)
    let session = Session(
      composition: composition, console: toolbox.console, json: common.json,
      colour: toolbox.console.usesColour(toolbox.environment))
    let presence = composition.store.presence
    if presence == .volatile, !isDry {
      throw CommandFailure.usage(
        "memory: keeps nothing: what is imported would be gone when this command ends",
        remedy: "Name a store that lasts: --store sqlite:PATH.", field: SettingsTable.storeURL.name)
    }
    let storeExists = presence == .present
    if storeExists { try await composition.kernel.start(recording: false) }
    do {
      try await body(session, storeExists)
    } catch {
      await composition.kernel.shutdown()
      throw error
    }
    await composition.kernel.shutdown()
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
