/// Whether receipts say which nodes obey. Where many changes are made at once, or nobody reads their receipts, the store
/// is not asked for each.
package enum ReceiptDetail {
  @TaskLocal package static var namesNodes = true
}

extension AuthKernel {
  /// The receipt of a change that has just been acknowledged.
  /// - Parameter isOwn: whether this process made the change, and so obeys it.
  package func receipt(_ position: Int64, isOwn: Bool = true) async -> Receipt {
    let moment = Receipt.Moment(wall: time.now(), monotonic: time.monotonic())
    guard let roll else {
      return Receipt(
        position: position, confirmed: [configuration.nodeName], pending: [],
        boundMilliseconds: isShared ? configuration.lease.milliseconds : 0, acknowledged: moment,
        isOwn: isOwn)
    }
    guard ReceiptDetail.namesNodes, let nodes = await roll.ask() else {
      return Receipt(
        position: position, confirmed: obeys(position, isOwn) ? [card.name] : [], pending: [],
        boundMilliseconds: max(card.lease, roll.latest.longestLease).milliseconds,
        isPartial: true, acknowledged: moment, isOwn: isOwn)
    }
    return receipt(position, isOwn, moment, nodes)
  }

  /// The receipt of a change as its nodes are now.
  private func receipt(
    _ position: Int64, _ isOwn: Bool, _ moment: Receipt.Moment, _ nodes: [NodeStatus]
  ) -> Receipt {
    let elapsed = time.monotonic() &- moment.monotonic
    var confirmed: [String] = []
    var pending: [Receipt.Pending] = []
    if obeys(position, isOwn) { confirmed.append(card.name) }
    for status in nodes {
      let node = status.node
      if node.id == card.id, !confirmed.isEmpty { continue }
      if status.applied >= position {
        confirmed.append(node.name)
      } else if elapsed < node.lease.nanoseconds {
        // A silent node too: what it read just before the change may count for a lease without any poll.
        pending.append(
          Receipt.Pending(
            node: node.name, by: moment.wall.adding(node.lease) ?? .latest, lease: node.lease))
      }
    }
    return Receipt(
      position: position, confirmed: confirmed.sorted(), pending: pending,
      boundMilliseconds: (roll?.latest.longestLease ?? .zero).milliseconds, acknowledged: moment,
      isOwn: isOwn)
  }

  /// Whether this process is a node that obeys every change up to a position.
  private func obeys(_ position: Int64, _ isOwn: Bool) -> Bool {
    guard isNode.load(ordering: .sequentiallyConsistent) else { return false }
    return isOwn || (lease?.applied ?? 0) >= position
  }

  /// Returns once every node has confirmed a change, or can't allow on the old record any more since its lease has run
  /// out; at the latest when the longest lease has. Where the store names no nodes, that is when the lease has run out since the
  /// change.
  ///
  /// If the task is cancelled, it returns what is known then.
  /// - Parameters:
  ///   - receipt: what this kernel gave.
  ///   - update: called with each receipt that says something new, the last one among them.
  /// - Returns: the receipt as it is then. It names no pending node, unless the task was cancelled.
  public func waitForConfirmation(
    of receipt: Receipt, update: (Receipt) -> Void = { _ in }
  ) async -> Receipt {
    var receipt = receipt
    var pause = Duration.milliseconds(2)
    while !isSettled(receipt), !Task.isCancelled {
      try? await Task.sleep(for: pause)
      pause = min(pause * 2, .milliseconds(50))
      let before = receipt
      receipt = await renewed(receipt)
      if receipt != before { update(receipt) }
    }
    return receipt
  }

  /// Whether nobody can allow on the old record any more.
  package func isSettled(_ receipt: Receipt) -> Bool {
    if namesNodes, !receipt.isPartial { return receipt.pending.isEmpty }
    return time.monotonic() &- receipt.acknowledged.monotonic
      >= Duration.milliseconds(receipt.boundMilliseconds).nanoseconds
  }

  /// A receipt that this kernel gave, as it is now: who has confirmed meanwhile, and who can't allow any more.
  public func renewed(_ receipt: Receipt) async -> Receipt {
    guard let roll else { return receipt }
    let moment = receipt.acknowledged
    if let nodes = await roll.ask() {
      return self.receipt(receipt.position, receipt.isOwn, moment, nodes)
    }
    // Nobody says who has confirmed, but time passes all the same.
    let elapsed = time.monotonic() &- moment.monotonic
    var receipt = receipt
    receipt.pending.removeAll { elapsed >= $0.lease.nanoseconds }
    return receipt
  }
}
