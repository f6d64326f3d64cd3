/// What a checkpoint says.
package struct CheckpointStatement: Sendable, Equatable {
  struct Chain: Sendable, Equatable {
    let node: String
    let position: Int64
    let hash: Digest256
    let prunedThrough: Int64
    let prunedHash: Digest256
  }

  package let number: Int64
  let at: Timestamp
  let kind: Checkpoint.Kind
  let signals: LogHead
  let erasedThrough: Int64
  let chains: [Chain]

  /// - Parameter pruned: what a prune is about to take, beyond what earlier ones took.
  package init(
    after last: Checkpoint?, at: Timestamp, kind: Checkpoint.Kind, heads: CheckpointHeads,
    pruning pruned: PrunePlan? = nil
  ) {
    number = (last?.number ?? 0) + 1
    self.at = at
    self.kind = kind
    signals = heads.signals
    let erased = last.flatMap { CheckpointStatement($0.text) }?.erasedThrough ?? 0
    erasedThrough = max(erased, pruned?.signalPosition ?? 0)
    chains = heads.nodes.map { head in
      let node = pruned?.nodes.first { $0.node.utf8.elementsEqual(head.node.utf8) }
      return Chain(
        node: head.node, position: head.position, hash: head.hash,
        prunedThrough: node?.position ?? head.basePosition, prunedHash: node?.hash ?? head.baseHash)
    }
  }

  /// Whether it states nothing that `other` does not.
  package func says(asMuchAs other: CheckpointStatement) -> Bool {
    signals == other.signals && chains == other.chains
  }

  package var text: [UInt8] {
    var lines = [
      "cardea-checkpoint-1", "\(number) \(at.milliseconds) \(kind.rawValue)",
      "signals \(signals.position) \(Hex.text(signals.hash.bytes)) \(erasedThrough)",
    ]
    for chain in chains {
      lines.append(
        "access \(chain.position) \(Hex.text(chain.hash.bytes)) \(chain.prunedThrough) "
          + "\(Hex.text(chain.prunedHash.bytes)) \(chain.node)")
    }
    return Array(lines.joined(separator: "\n").utf8) + [0x0A]
  }
}

extension CheckpointStatement {
  /// Reads such a text; `nil` if it is anything else.
  package init?(_ text: [UInt8]) {
    guard let text = String(validating: text, as: UTF8.self) else { return nil }
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    guard lines.count >= 3, lines[0] == ["cardea-checkpoint-1"], lines[1].count == 3,
      let number = Int64(lines[1][0]), let at = Int64(lines[1][1]),
      let kind = Checkpoint.Kind(rawValue: String(lines[1][2])), lines[2].count == 4,
      lines[2][0] == "signals", let position = Int64(lines[2][1]),
      let hash = Hex.bytes(lines[2][2]).flatMap(Digest256.init),
      let erased = Int64(lines[2][3])
    else { return nil }
    self.number = number
    self.at = Timestamp(milliseconds: at)
    self.kind = kind
    signals = LogHead(position: position, hash: hash)
    erasedThrough = erased
    var chains: [Chain] = []
    for line in lines[3...] {
      guard line.count == 6, line[0] == "access", let position = Int64(line[1]),
        let hash = Hex.bytes(line[2]).flatMap(Digest256.init), let pruned = Int64(line[3]),
        let prunedHash = Hex.bytes(line[4]).flatMap(Digest256.init)
      else { return nil }
      chains.append(
        Chain(
          node: String(line[5]), position: position, hash: hash, prunedThrough: pruned,
          prunedHash: prunedHash))
    }
    self.chains = chains
  }
}
