import CardeaKernel

/// Registers every example of the guides; `registry` is about to become a kernel.
func registerExamples(
  in registry: inout Registry, primitives: some Primitives, store: some KeyStore,
  mail: @escaping @Sendable (String) throws -> Void,
  billing: @escaping @Sendable (String) async throws -> Int,
  histogram: @escaping @Sendable (String, Duration) -> Void
) {
  registry.use(MixedPrimitives(primitives))
  registry.use(SaltedDigestHasher(primitives: primitives))
  registry.use(HyphenFormat())
  registry.use(CredentialsHeaderExtractor())
  registry.use(TimedStore(store, report: histogram))
  registry.use(ReadOnlyKeyPolicy())
  registry.use(CallsLeftPolicy(callsLeft: billing))
  registry.use(RevocationNotice(notify: mail))
  registry.use(StandardErrorSink())
  registry.use(TeamPage())
}

func subscribeExample(to bus: SignalBus, log: @escaping @Sendable (String) -> Void) {
  let subscription = bus.subscribe(
    KeyCreated.self, id: "listener.mine", .queue(bound: 100, overflow: .dropOldest)
  ) { signal in
    log("\(signal.actor) made \(signal.key.prefix)")
  }
  subscription.cancel()
}
