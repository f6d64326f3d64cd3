/// Asks every extractor and settles on one token.
///
/// Their order only decides which one is reported. Two candidates that are byte-equal are one; one that no
/// accepted format parses is set aside if another parses (a user's JWT as `Bearer` beside an API key); two that
/// parse and differ are refused, unless the configuration takes the first. What only a catch-all claims counts
/// beside a shaped token as if nothing parsed it. A value over 512 bytes can be no
/// token of ours and is set aside in the same way.
struct Extraction: Sendable {
  let extractors: [any CredentialExtractor]
  let formats: AcceptedFormats
  let conflict: KernelConfiguration.ExtractConflict

  /// Bytes of scratch memory that ``token(of:in:)`` needs.
  static let memory = 2 * Candidate.capacity

  /// The token's bytes, within `memory`, or why there is none.
  func token(
    of request: some RequestView, in memory: UnsafeMutableRawBufferPointer
  ) -> Outcome {
    var chosen = Candidate(UnsafeMutableRawBufferPointer(rebasing: memory[..<Candidate.capacity]))
    var next = Candidate(UnsafeMutableRawBufferPointer(rebasing: memory[Candidate.capacity...]))
    var setAside = false
    // By index: an extractor that is only borrowed is not copied.
    for index in extractors.indices {
      do throws(ExtractionRefusal) {
        if chosen.isEmpty {
          try extractors[index].extract(from: request, into: &chosen)
          continue
        }
        next.clear()
        try extractors[index].extract(from: request, into: &next)
      } catch .tooLong {
        setAside = true
        continue
      } catch .repeated {
        return .refused(.ambiguous)
      } catch {
        return .refused(.malformed)
      }
      if next.isEmpty || next.bytes.elementsEqual(chosen.bytes) { continue }
      switch (formats.parse(chosen.bytes)?.isShaped, formats.parse(next.bytes)?.isShaped) {
      case (nil, nil), (.some, nil), (true, false): setAside = true
      case (nil, .some), (false, true): swap(&chosen, &next)
      case (.some, .some): if conflict == .refuse { return .refused(.ambiguous) }
      }
    }
    if chosen.isEmpty { return .refused(setAside ? .malformed : .missing) }
    return .token(chosen.bytes)
  }

  enum Outcome {
    case token(UnsafeRawBufferPointer)
    case refused(Denial.Reason)
  }
}
