/// Adds to the admin page: columns and filters of the list of keys, actions on the keys that were ticked in it, and
/// panels.
///
/// It sees values and gives values. A ``PageKey`` is a snapshot without secrets; what it answers is text, which the page
/// escapes, never HTML; an action only says which change it asks for, and the page makes that with the rights of the
/// key that is signed in. It gets no kernel, no store and no request, so it can do nothing that its user may not.
///
/// Threading: from any thread, many at once, while a page is written. It must not block: whatever it needs from
/// elsewhere it has at hand. No authentication waits for it.
public protocol PagePlugin: Plugin {
  /// Columns of the list of keys; none unless it says so, as of all that follow.
  var columns: [PageColumn] { get }
  /// Filters of the list of keys.
  var filters: [PageFilter] { get }
  /// Actions on ticked keys.
  var actions: [PageAction] { get }
  /// Panels of a key's page and of the overview.
  var panels: [PagePanel] { get }
}

extension PagePlugin {
  public var columns: [PageColumn] { [] }
  public var filters: [PageFilter] { [] }
  public var actions: [PageAction] { [] }
  public var panels: [PagePanel] { [] }

  public func register(in registry: inout Registry) { registry.add(page: self) }
}

/// A column of the list of keys, after the page's own.
public struct PageColumn: Sendable {
  public let title: String
  /// What stands in the column for a key.
  public let value: @Sendable (PageKey) -> PageValue

  public init(_ title: String, _ value: @escaping @Sendable (PageKey) -> PageValue) {
    self.title = title
    self.value = value
  }
}

/// A filter of the list of keys: a choice of a few values. It is asked for keys that the page's own filters take.
public struct PageFilter: Sendable {
  /// Of small letters, digits and `_`; stands in the page's address, behind the plugin's id.
  public let name: String
  public let label: String
  /// What can be chosen, in order.
  public let choices: [Choice]
  /// Whether a key has the value that was chosen, which is that of one of ``choices``.
  public let takes: @Sendable (_ key: PageKey, _ value: String) -> Bool

  /// One of a filter's values, as the address and as people read it.
  public struct Choice: Sendable, Equatable {
    /// Of small letters, digits and `_`.
    public let value: String
    public let label: String

    public init(_ value: String, label: String) {
      self.value = value
      self.label = label
    }
  }

  public init(
    _ name: String, label: String, choices: [Choice],
    takes: @escaping @Sendable (_ key: PageKey, _ value: String) -> Bool
  ) {
    self.name = name
    self.label = label
    self.choices = choices
    self.takes = takes
  }
}

/// Something to do with ticked keys. The page shows them again with ``effect`` before it does anything.
public struct PageAction: Sendable {
  /// Of small letters, digits and `_`.
  public let name: String
  /// The button: `Extend by 90 days`.
  public let title: String
  /// What will happen, as a sentence.
  public let effect: String
  /// The change to ask for; `nil` leaves the key as it is.
  public let change: @Sendable (PageKey) -> PageChange?

  public init(
    _ name: String, title: String, effect: String,
    change: @escaping @Sendable (PageKey) -> PageChange?
  ) {
    self.name = name
    self.title = title
    self.effect = effect
    self.change = change
  }
}

/// A change of one key that an action asks for: one of the kernel's own, made by the key that is signed in.
public enum PageChange: Sendable {
  case update(KeyEdit)
  case suspend
  case reactivate
  case revoke
}

/// A part of a page under a heading of its own.
public struct PagePanel: Sendable {
  /// What stands above it.
  public let heading: String
  /// Where it stands, and what it shows there.
  public let place: Place

  /// The places that panels have.
  public enum Place: Sendable {
    /// On each key's page.
    case key(@Sendable (PageKey) -> PageContent)
    /// On the overview, of the newest keys: at most ``PagePanel/mostKeys`` of them.
    case overview(@Sendable ([PageKey]) -> PageContent)
  }

  /// Keys that a panel of the overview is told of.
  public static let mostKeys = 1_000

  public init(_ heading: String, _ place: Place) {
    self.heading = heading
    self.place = place
  }
}
