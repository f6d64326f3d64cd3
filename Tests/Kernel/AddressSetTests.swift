import CardeaContracts
import CardeaTestSupport
import Testing

@Suite struct AddressSetTests {
  /// The marks that a set holds, by the bytes that stores keep.
  private func marks(_ set: AddressSet) -> [UInt64] {
    let bytes = set.bytes
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  @Test func itHoldsEachMarkOnceAndInOrder() {
    var random = SplitMix64(seed: 1)
    var set = AddressSet()
    var model: Set<UInt64> = []
    for _ in 0..<400 {
      let mark = random.next() & 0xFF00_0000_0000_001F
      if model.count < AddressSet.limit { model.insert(mark) }
      set.insert(mark)
      #expect(marks(set) == model.sorted())
      #expect(set.count == model.count && set.isEmpty == model.isEmpty)
    }
    #expect(set.count == AddressSet.limit)
  }

  @Test func itReadsBackWhatItWrote() {
    var set = AddressSet()
    for mark in [0, 1, 0x0102_0304_0506_0708, .max] as [UInt64] { set.insert(mark) }
    #expect(set.bytes.count == 32)
    #expect(Array(set.bytes[16..<24]) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(AddressSet(bytes: set.bytes) == set)
    #expect(AddressSet(bytes: set.bytes + [1, 2, 3]) == set, "a mark that is cut short")
    #expect(AddressSet(bytes: Array(set.bytes.dropLast())).count == 3)
    #expect(AddressSet(bytes: []).isEmpty)
  }

  @Test func unionsHoldBothUpToTheBound() {
    var (left, right) = (AddressSet(), AddressSet())
    for mark in 0..<30 as Range<UInt64> { left.insert(mark * 2) }
    for mark in 0..<30 as Range<UInt64> { right.insert(mark * 3) }
    var both = left
    both.formUnion(right)
    #expect(marks(both) == Set((0..<30).map { $0 * 2 } + (0..<30).map { $0 * 3 }).sorted())
    for mark in 1_000..<1_100 as Range<UInt64> { right.insert(mark) }
    both.formUnion(right)
    #expect(both.count == AddressSet.limit)
  }
}
