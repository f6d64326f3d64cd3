import CardeaContracts

/// What requests cost of their limits: one unit each, but for the routes of which something else is said.
struct RouteCosts: Sendable {
  /// The closest route first.
  private let costs: [RouteCost]
  /// The most units that one request takes.
  let most: Int64

  /// - Parameter rules: none of these may have less at once than a request costs that falls under it.
  init(_ texts: [String], within rules: [RateLimitRule]) throws(ConfigurationFault) {
    var read: [RouteCost] = []
    for text in texts {
      do throws(RuleFault) { read.append(try RouteCost(text)) } catch {
        throw error.fault(of: RateLimitPolicy.id, "costs", text)
      }
    }
    for (text, cost) in zip(texts, read) {
      guard
        let tight = rules.first(where: { $0.gcra.burst < cost.units && $0.route.meets(cost.route) })
      else { continue }
      throw ConfigurationFault(
        plugin: RateLimitPolicy.id, setting: "costs", value: text,
        problem: "the rule \(tight.name) never has so much at once",
        remedy: "Give it burst=\(cost.units) or more, or make the route cheaper.")
    }
    costs = read.sorted { $0.route.detail > $1.route.detail }
    most = Int64(read.map(\.units).max() ?? 1)
  }

  /// The cost of the closest route; 1 unless one matches; `nil` if that can't be told.
  func units(for request: RequestFacts) -> Int64? {
    for cost in costs {
      switch cost.route.matches(request) {
      case true?: return Int64(cost.units)
      case false?: continue
      case nil: return nil
      }
    }
    return 1
  }
}
