extension AuthKernel {
  /// Whether the store tells its nodes of one another: a ``ManyNodeStore``.
  public var namesNodes: Bool { roll != nil }

  /// The nodes that polled within the last hour and have not left, by name; none if the store knows of none.
  public func nodes() async throws(StoreError) -> [NodeStatus] {
    guard let roll else { return [] }
    return try await roll.answer()
  }

  /// How far this machine's clock is ahead of the store's; negative if it is behind. `nil` if the store has no clock
  /// of its own or was not polled yet.
  public var clockDifference: Duration? {
    roll?.store.storeTime.map {
      .milliseconds(time.unadjusted().milliseconds - $0.milliseconds)
    }
  }

  /// What an operator should put right, as of some seconds ago. Cheap.
  public var nodeWarnings: [NodeWarning] {
    let ahead = time.ahead
    var warnings: [NodeWarning] = ahead > NodeWarning.mostApart ? [.timeAhead(ahead)] : []
    guard let roll else { return warnings }
    if let ahead = clockDifference,
      ahead > NodeWarning.mostApart || ahead < .zero - NodeWarning.mostApart
    {
      warnings.append(.clockApart(ahead))
    }
    warnings += roll.store.cautions.map { .store($0) }
    return warnings + self.warnings(of: roll.latest.nodes)
  }

  /// What is wrong with the nodes that live.
  public func warnings(of nodes: [NodeStatus]) -> [NodeWarning] {
    let alive = nodes.filter(\.isAlive).map(\.node)
    let named = Dictionary(grouping: alive, by: \.name).filter { $0.value.count > 1 }
    let own = card.version
    return named.sorted { $0.key < $1.key }.map { .sameName($0.key, count: $0.value.count) }
      + alive.filter { $0.version != own }.sorted { $0.name < $1.name }
      .map { .otherVersion(node: $0.name, version: $0.version, own: own) }
  }

  /// Takes part as a node. From then on receipts name this process, and wait for it.
  func join(_ store: any ManyNodeStore, _ keeper: LeaseKeeper) async throws(StoreError) {
    try await store.join(card) { [weak keeper] in keeper?.wake() }
    isNode.store(true, ordering: .sequentiallyConsistent)
    every(.seconds(5)) { kernel in Task { await kernel.refreshNodes() } }
  }

  /// Looks at the nodes anew, for ``nodeWarnings`` and ``figures()``. Called by the kernel every five seconds, and by
  /// whoever wants it now.
  public func refreshNodes() async { await roll?.refresh() }

  func nodeFigures() -> NodeFigures? {
    guard let roll else { return nil }
    let latest = roll.latest
    return NodeFigures(
      alive: latest.nodes.count { $0.isAlive },
      behind: lease?.lag(behind: latest.head) ?? 0, clockDifference: clockDifference)
  }
}
