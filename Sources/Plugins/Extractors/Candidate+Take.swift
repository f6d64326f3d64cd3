import CardeaContracts

extension Candidate {
  /// `set` as a result, for closures that the standard library does not let throw a typed error.
  mutating func take(_ bytes: some Collection<UInt8>) -> Result<Void, ExtractionRefusal> {
    do throws(ExtractionRefusal) {
      try set(bytes: bytes)
      return .success(())
    } catch {
      return .failure(error)
    }
  }
}
