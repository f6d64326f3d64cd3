extension AuthKernel {
  /// Every format there is, a catch-all last.
  package var registeredFormats: [any TokenFormat] {
    formats.registered.filter { !($0 is any CatchAllFormat) }
      + formats.registered.filter { $0 is any CatchAllFormat }
  }

  /// Takes tokens of every format out of what others wrote.
  package var redaction: TokenRedaction { formats.redaction }

  /// The same for ids of requests, which may be names.
  package var redactionOfIDs: TokenRedaction { formats.redactionOfIDs }
}
