import CardeaPluginTestKit

/// The names of those promises that are not kept.
func broken(_ promises: [Promise]) async -> Set<String> {
  var names: Set<String> = []
  for promise in promises {
    do { try await promise.check() } catch { names.insert(promise.name) }
  }
  return names
}

/// What is wrong with a plugin that was made to be faulty, and which promises it breaks by it.
protocol PlantedFault: CaseIterable, Sendable {
  var breaks: Set<String> { get }
}
