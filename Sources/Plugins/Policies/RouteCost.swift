import CardeaContracts

/// What a request costs of its limits, by route: `/search 5`, `POST /reports 20`.
struct RouteCost: Sendable {
  let route: RoutePattern
  let units: Int

  init(_ text: String) throws(RuleFault) {
    let words = try RuleText(text, options: []).words
    guard let last = words.last, (2...3).contains(words.count),
      let units = DecimalText.parse(last.utf8), (1...1_000_000).contains(units)
    else {
      throw RuleFault(
        "it is not a route and a cost", "Write for example: POST /reports 20, or /search 5.")
    }
    let method = words.count == 3 || !words[0].hasPrefix("/") ? words[0] : nil
    let path = words.count == 3 ? words[1] : method == nil ? words[0] : nil
    route = try RoutePattern(method: method, path: path)
    self.units = units
  }
}
