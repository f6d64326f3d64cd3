import CardeaContracts

/// The order of a list of keys: in words, as the choices of its form, and as the links in the table's head.
enum SortView {
  static func values(_ sort: KeySort, _ filters: PageFilters) -> [String: Any] {
    [
      "sorted": text(sort).lowercased(),
      "sorts": KeySort.shown.map {
        ["value": $0.rawValue, "label": text($0), "selected": $0 == sort] as [String: Any]
      },
      "by_name": column(sort, .name, .nameDescending, filters),
      "by_expiry": column(sort, .expiry, .expiryDescending, filters),
    ]
  }

  /// A column's link leads to its order, and where that is the list's already, to the reverse.
  private static func column(
    _ sort: KeySort, _ ascending: KeySort, _ descending: KeySort, _ filters: PageFilters
  ) -> [String: Any] {
    let direction =
      sort == ascending ? "ascending" : sort == descending ? "descending" : nil as String?
    let next = filters.query(sort: sort == ascending ? descending : ascending)
    return ["direction": direction.shown, "path": "/admin/keys?\(next)"]
  }

  private static func text(_ sort: KeySort) -> String {
    switch sort {
    case .newest: "Newest first"
    case .oldest: "Oldest first"
    case .name: "By name"
    case .nameDescending: "By name, backwards"
    case .expiry: "Expiring first"
    case .expiryDescending: "Expiring last"
    }
  }
}

extension KeySort {
  /// The usual one first.
  fileprivate static let shown: [KeySort] = [
    .newest, .oldest, .name, .nameDescending, .expiry, .expiryDescending,
  ]
}
