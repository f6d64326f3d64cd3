/// Asks every extractor and settles on one token.
///
/// Their order only decides which one is reported. Two candidates that are byte-equal are one; one that no
/// accepted format parses is set aside if another parses (a user's JWT as `Bearer` beside an API key); two that
/// parse and differ are refused, unless the configuration takes the first. What only a catch-all claims counts
/// beside a shaped token as if nothing parsed it. A value over 512 bytes can be no
/// token of ours and is set aside in the same way.
struct Extraction: Sendable {
  private let runs: [Run]
  private let fields: [String]
  private let ofHeaders: [any HeaderCredentialExtractor]
  private let others: [any CredentialExtractor]
  private let formats: AcceptedFormats
  private let conflict: KernelConfiguration.ExtractConflict

  /// Extractors that are asked one after the other.
  private struct Run {
    /// Which of the fields all of them look at; `nil` of others.
    let field: Int?
    /// Which of those of their kind they are.
    var places: Range<Int>
  }

  init(
    extractors: [any CredentialExtractor], formats: AcceptedFormats,
    conflict: KernelConfiguration.ExtractConflict
  ) {
    var runs: [Run] = []
    var fields: [String] = []
    var ofHeaders: [any HeaderCredentialExtractor] = []
    var others: [any CredentialExtractor] = []
    for extractor in extractors {
      if let extractor = extractor as? any HeaderCredentialExtractor {
        let isNext = runs.last?.field != nil && fields.last == extractor.field
        if !isNext {
          runs.append(Run(field: fields.count, places: ofHeaders.count..<ofHeaders.count))
          fields.append(extractor.field)
        }
        ofHeaders.append(extractor)
      } else {
        if runs.last.map({ $0.field != nil }) ?? true {
          runs.append(Run(field: nil, places: others.count..<others.count))
        }
        others.append(extractor)
      }
      let last = runs.count - 1
      runs[last].places = runs[last].places.lowerBound..<(runs[last].places.upperBound + 1)
    }
    (self.runs, self.fields, self.ofHeaders, self.others) = (runs, fields, ofHeaders, others)
    self.formats = formats
    self.conflict = conflict
  }

  /// Bytes of scratch memory that ``token(of:in:)`` needs.
  static let memory = 2 * Candidate.capacity

  /// The token's bytes, within `memory`, or why there is none.
  func token(
    of request: some RequestView, in memory: UnsafeMutableRawBufferPointer
  ) -> Outcome {
    var search = Search(memory)
    // By index: an extractor that is only borrowed is not copied.
    for run in runs {
      if let field = run.field {
        switch request.header(fields[field]) {
        case .absent: continue
        case .repeated: return .refused(.ambiguous)
        case .one(let value):
          for place in run.places {
            search.ask { candidate throws(ExtractionRefusal) in
              try ofHeaders[place].extract(value: value, into: &candidate)
            }
            if let refusal = settle(&search) { return .refused(refusal) }
          }
        }
      } else {
        for place in run.places {
          search.ask { candidate throws(ExtractionRefusal) in
            try others[place].extract(from: request, into: &candidate)
          }
          if let refusal = settle(&search) { return .refused(refusal) }
        }
      }
    }
    if search.chosen.isEmpty { return .refused(search.setAside ? .malformed : .missing) }
    return .token(search.chosen.bytes)
  }

  /// What was found so far.
  private struct Search: ~Copyable {
    var chosen: Candidate
    /// What the extractor that was asked last has found beside it.
    var next: Candidate
    var setAside = false
    var refusal: Denial.Reason?

    init(_ memory: UnsafeMutableRawBufferPointer) {
      chosen = Candidate(UnsafeMutableRawBufferPointer(rebasing: memory[..<Candidate.capacity]))
      next = Candidate(UnsafeMutableRawBufferPointer(rebasing: memory[Candidate.capacity...]))
    }

    @inline(__always)
    mutating func ask(
      _ extract: (inout Candidate) throws(ExtractionRefusal) -> Void
    ) {
      next.clear()
      do throws(ExtractionRefusal) {
        if chosen.isEmpty { try extract(&chosen) } else { try extract(&next) }
      } catch .tooLong {
        setAside = true
      } catch .repeated {
        refusal = .ambiguous
      } catch {
        refusal = .malformed
      }
    }
  }

  /// Chooses between two candidates; or why neither is taken.
  @inline(__always)
  private func settle(_ search: inout Search) -> Denial.Reason? {
    if let refusal = search.refusal { return refusal }
    return search.next.isEmpty ? nil : choose(&search)
  }

  private func choose(_ search: inout Search) -> Denial.Reason? {
    if search.next.bytes.elementsEqual(search.chosen.bytes) { return nil }
    switch (
      formats.parse(search.chosen.bytes)?.isShaped, formats.parse(search.next.bytes)?.isShaped
    ) {
    case (nil, nil), (.some, nil), (true, false): break
    case (nil, .some), (false, true): swap(&search.chosen, &search.next)
    case (.some, .some): if conflict == .refuse { return .ambiguous }
    }
    return nil
  }

  enum Outcome {
    case token(UnsafeRawBufferPointer)
    case refused(Denial.Reason)
  }
}
