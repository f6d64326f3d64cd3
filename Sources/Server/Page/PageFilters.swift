import CardeaContracts
import CardeaHTTPTypes

/// What a list is filtered by: to fill in its form again, and for the links to its other pages.
struct PageFilters {
  private var items: [(name: String, value: String)] = []

  /// What a link of our own filters by.
  init(_ items: [(name: String, value: String)]) { self.items = items }

  init(_ query: Substring?, names: Set<String>) {
    let all = FormItems(form: String(query ?? "")).all() ?? []
    items = all.filter { item in
      !item.value.isEmpty
        && (names.contains(item.name) || item.name.utf8.starts(with: QueryNames.metadata.utf8))
    }
  }

  /// Without what only says how much is shown, and in which order.
  var isFiltering: Bool {
    items.contains { !["limit", "owner_kind", "sort"].contains($0.name) }
  }

  func has(_ names: Set<String>) -> Bool { items.contains { names.contains($0.name) } }

  /// By name, for the form.
  var values: [String: Any] {
    Dictionary(items.map { ($0.name, $0.value as Any) }) { first, _ in first }
  }

  /// The same as a query, for the page that begins after a cursor.
  func query(cursor: String?) -> String {
    text(items + (cursor.map { [("cursor", $0)] } ?? []))
  }

  /// The same as a query, for the page that ends before a place.
  func query(before place: String) -> String { text(items + [("before", place)]) }

  private func text(_ items: [(name: String, value: String)]) -> String {
    items.map { "\(PageFilters.encoded($0.name))=\(PageFilters.encoded($0.value))" }
      .joined(separator: "&")
  }

  /// The same as a query, for the first page in another order.
  func query(sort: KeySort) -> String {
    PageFilters(items.filter { $0.name != "sort" } + [("sort", sort.rawValue)]).query(cursor: nil)
  }

  private static func encoded(_ text: String) -> String {
    text.percentEncoded { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        true
      default: false
      }
    }
  }
}
