import CardeaContracts
import CardeaPluginTestKit
import Dispatch
import Testing

@Suite struct FaultyAsyncAuditSinkTests {
  @Test(arguments: [nil] + FaultyAsyncAuditSink.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyAsyncAuditSink.Fault?) async {
    let promises = AsyncAuditSinkPromises(
      recorded: { $0.ids.value },
      broken: { FaultyAsyncAuditSink(fault: fault, isFull: true) }
    ) { FaultyAsyncAuditSink(fault: fault) }.all
    let found = await broken(promises)
    #expect(found == (fault?.breaks ?? []))
  }
}

/// Keeps request ids in memory, with one thing wrong.
final class FaultyAsyncAuditSink: AsyncAuditSink {
  enum Fault: PlantedFault {
    case tellsBefore, tellsTwice, swallowsErrors, recordsWhenClosed, dropsHalf, saysNo

    var breaks: Set<String> {
      let told = "tells who does not suspend once per event, when it has recorded it"
      return switch self {
      case .tellsBefore, .tellsTwice: [told]
      case .swallowsErrors: ["throws if it can't record"]
      case .recordsWhenClosed: ["throws after it was closed, and tells so who does not suspend"]
      case .dropsHalf:
        [
          told, "has recorded an event when it returns",
          "records each event once from many tasks at once",
          "keeps events apart, whatever their fields hold",
        ]
      case .saysNo: ["says that it can record, as long as it does"]
      }
    }
  }

  private struct Full: Error {}

  let id = "audit.async"
  let ids = Box<[String]>([])
  private let isFull: Bool
  private let fault: Fault?
  private let isClosed = Box(false)
  private let calls = Box(0)

  init(fault: Fault?, isFull: Bool = false) {
    self.fault = fault
    self.isFull = isFull
  }

  func record(_ event: AccessEvent) async throws { try keep(event) }

  func record(
    _ event: AccessEvent, then done: @escaping @Sendable ((any Error)?) -> Void
  ) {
    if fault == .tellsBefore, !isFull, !isClosed.value {
      done(nil)
      // Long after anybody has looked.
      return DispatchQueue.global().asyncAfter(deadline: .now() + 5) { try? self.keep(event) }
    }
    do {
      try keep(event)
      done(nil)
      if fault == .tellsTwice { done(nil) }
    } catch { done(error) }
  }

  private func keep(_ event: AccessEvent) throws {
    if isFull, fault != .swallowsErrors { throw Full() }
    if isClosed.value, fault != .recordsWhenClosed { throw Full() }
    calls.update { $0 += 1 }
    if fault == .dropsHalf, calls.value % 2 == 0 { return }
    ids.update { $0.append(event.request.requestID ?? "") }
  }

  func canRecord() -> Bool { fault != .saysNo }

  func close() async { isClosed.update { $0 = true } }
}
