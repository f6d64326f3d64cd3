import CardeaContracts

/// A scheme of `store.url`, such as `sqlite:`, and the store behind it.
///
/// A custom program hands its own to ``CardeaMain/main(plugins:stores:)``:
///
/// ```swift
/// StoreScheme("folder", form: "folder:PATH") { path in FolderStore(path: path) }
/// ```
public struct StoreScheme: Sendable {
  /// What stands before the colon: lower-case ASCII letters, digits and `-`.
  public let name: String
  /// How people write the whole URL: `sqlite:PATH`.
  public let form: String
  /// Builds the store from what stands after the colon. It opens nothing yet. A fault names
  /// `store.url`.
  public let make: @Sendable (_ rest: String) throws(ConfigurationFault) -> any KeyStore
  /// Whether there is anything yet where the store would keep its keys. It changes nothing.
  public let presence: @Sendable (_ rest: String) -> Presence

  /// Where a node's spool for this store lies unless `audit.spool` names another folder. `nil`: in
  /// `cardea-spool` in the folder that the program runs in, or in memory if the store is volatile.
  public let spool: @Sendable (_ rest: String) -> String?

  /// What is found before a store is opened.
  public enum Presence: Sendable, Equatable {
    /// Nothing is there: opening makes a new, empty store.
    case absent
    /// Something is there, however small. `serve` never makes a first key in it.
    case present
    /// The keys live and die with the process.
    case volatile
  }

  public init(
    _ name: String, form: String,
    presence: @escaping @Sendable (_ rest: String) -> Presence = { _ in .present },
    spool: @escaping @Sendable (_ rest: String) -> String? = { _ in nil },
    make: @escaping @Sendable (_ rest: String) throws(ConfigurationFault) -> any KeyStore
  ) {
    self.name = name
    self.form = form
    self.presence = presence
    self.spool = spool
    self.make = make
  }
}
