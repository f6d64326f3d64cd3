import CardeaContracts
import CardeaMemoryStore
import CardeaPluginTestKit

/// The names of those promises that are not kept.
func broken(_ promises: [Promise]) async -> Set<String> {
  var names: Set<String> = []
  for promise in promises {
    do { try await promise.check() } catch { names.insert(promise.name) }
  }
  return names
}

/// The same of the promises that a power of a store brings.
func broken(
  _ power: StorePromises.Power, of store: @escaping @Sendable () -> any KeyStore
) async -> Set<String> {
  await broken(StorePromises(powers: [power]) { StoreUnderTest(store()) }.all)
}

/// How many promises a store breaks that claims a power and has nothing of it.
func brokenWithout(_ power: StorePromises.Power) async -> Int {
  await broken(power) { FaultyStore(fault: nil, MemoryStore()) }.count
}

/// What is wrong with a plugin that was made to be faulty, and which promises it breaks by it.
protocol PlantedFault: CaseIterable, Sendable {
  var breaks: Set<String> { get }
}
