import CardeaContracts

/// Who obeys a change, in words.
enum ReceiptText {
  /// `obeyed by 2 of 3 nodes`.
  static func count(_ receipt: Receipt) -> String {
    let all = receipt.confirmed.count + receipt.pending.count
    return "obeyed by \(receipt.confirmed.count) of \(all) \(all == 1 ? "node" : "nodes")"
  }

  /// A sentence; empty where no other process can be.
  /// - Parameters:
  ///   - namesNodes: whether the store tells its nodes of one another.
  ///   - waited: whether the change was waited for.
  static func sentence(_ receipt: Receipt, namesNodes: Bool, waited: Bool) -> String {
    guard receipt.boundMilliseconds > 0 else { return "" }
    guard namesNodes, !receipt.isPartial else {
      let bound = DurationText.finite(.milliseconds(receipt.boundMilliseconds))
      let unknown = receipt.isPartial ? "; the store does not say which there are" : ""
      return waited
        ? "Running servers obey\(unknown)." : "Running servers obey within \(bound)\(unknown)."
    }
    let pending = receipt.pending.map { "\(SafeText.line($0.node)) by \($0.by.rfc3339)" }
    let count = count(receipt)
    let rest = pending.isEmpty ? "" : "; \(pending.joined(separator: ", "))"
    return "\(count.prefix(1).uppercased() + count.dropFirst())\(rest)."
  }
}
