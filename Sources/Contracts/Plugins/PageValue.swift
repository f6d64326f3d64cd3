/// What a plugin shows in one place of the page. Texts are shown as they are: nothing in them is markup.
public enum PageValue: Sendable, Equatable {
  case none
  case text(String)
  /// What programs read: an id, a scope.
  case code(String)
  case number(Int64)
  /// A moment; the page adds how far it is from now.
  case time(Timestamp)
  case badge(String, Mood)

  /// How a badge looks. Its text says the same, for those who do not see that.
  public enum Mood: String, Sendable, CaseIterable { case plain, good, warning, bad }
}

/// What a panel shows: a text, rows of names and values, and figures that are drawn as bars. Each may be empty.
public struct PageContent: Sendable, Equatable {
  public var text: String
  public var rows: [Row]
  public var figures: [Figure]

  /// A name and a value.
  public struct Row: Sendable, Equatable {
    public let name: String
    public let value: PageValue

    public init(_ name: String, _ value: PageValue) {
      self.name = name
      self.value = value
    }
  }

  /// A name and a number, drawn as a bar.
  public struct Figure: Sendable, Equatable {
    public let name: String
    /// Not negative.
    public let value: Int64

    public init(_ name: String, _ value: Int64) {
      self.name = name
      self.value = value
    }
  }

  public init(_ text: String = "", rows: [Row] = [], figures: [Figure] = []) {
    self.text = text
    self.rows = rows
    self.figures = figures
  }
}
