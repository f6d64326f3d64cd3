/// Runs the same work on many elements, some at a time.
///
/// A store that gathers what arrives together writes such a batch in one transaction (``KeyStore/commit(_:)``).
package enum Batch {
  /// Of which a store makes one transaction or a few.
  package static let width = 512

  /// What `work` gives for each element, in the order of the elements.
  package static func run<Element: Sendable, Outcome: Sendable>(
    _ elements: [Element], width: Int = Batch.width,
    _ work: @escaping @Sendable (Element) async -> Outcome
  ) async -> [Outcome] {
    await withTaskGroup(of: (Int, Outcome).self) { group in
      var outcomes = [Outcome?](repeating: nil, count: elements.count)
      var next = 0
      func start() {
        guard next < elements.count else { return }
        let index = next
        let element = elements[index]
        next += 1
        group.addTask { (index, await work(element)) }
      }
      for _ in 0..<max(1, width) { start() }
      while let (index, outcome) = await group.next() {
        outcomes[index] = outcome
        start()
      }
      return outcomes.compactMap { $0 }
    }
  }
}
