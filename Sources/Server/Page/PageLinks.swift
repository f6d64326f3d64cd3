/// The ways from one page of a list to the first, the one before and the next.
enum PageLinks {
  /// - Parameters:
  ///   - path: the list's own.
  ///   - previous: the place that the page before ends before; `nil` on the first page.
  ///   - next: the place that the next page begins after; `nil` on the last.
  ///   - isFurther: whether somebody asked for what comes after a place.
  static func values(
    _ path: String, _ filters: PageFilters, previous: String?, next: String?, isFurther: Bool
  ) -> [String: Any] {
    func link(_ query: String) -> String { "\(path)?\(query)" }
    return [
      "first": (isFurther || previous != nil ? link(filters.query(cursor: nil)) : nil).shown,
      "previous": previous.map { link(filters.query(before: $0)) }.shown,
      "next": next.map { link(filters.query(cursor: $0)) }.shown,
    ]
  }
}
