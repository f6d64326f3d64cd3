import CardeaContracts

/// Which nodes obey a change, as the page shows it and its script reads it.
struct ReceiptView: Encodable {
  /// One node, and how it stands.
  struct Node: Encodable {
    let name: String
    let state: String
    /// The class of its badge.
    let kind: String
  }

  /// A sentence that says it all.
  let text: String
  /// Whether nothing more is to come.
  let done: Bool
  let nodes: [Node]

  init(_ receipt: Receipt, isSettled: Bool) {
    let count = receipt.confirmed.count + receipt.pending.count
    done = isSettled
    nodes =
      receipt.confirmed.map { Node(name: $0, state: "obeys", kind: "active") }
      + receipt.pending.map {
        Node(name: $0.node, state: "by \(PageText.second($0.by))", kind: "suspended")
      }
    if receipt.isPartial {
      text =
        isSettled
        ? "Every node obeys: the longest lease has run out."
        : "The store does not say which nodes obey. All do within "
          + "\(PageText.milliseconds(receipt.boundMilliseconds * 1_000))."
    } else {
      text = "Obeyed by \(receipt.confirmed.count) of \(count) \(count == 1 ? "node" : "nodes")."
    }
  }

  var values: [String: Any] {
    [
      "text": text, "done": done,
      "nodes": nodes.map { ["name": $0.name, "state": $0.state, "kind": $0.kind] },
    ]
  }
}
