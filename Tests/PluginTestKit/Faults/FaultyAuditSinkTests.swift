import CardeaContracts
import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct FaultyAuditSinkTests {
  @Test(arguments: [nil] + FaultyAuditSink.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyAuditSink.Fault?) async {
    let promises = AuditSinkPromises(
      recorded: { try $0.requestIDs() },
      broken: { FaultyAuditSink(fault: fault, isFull: true) }
    ) { FaultyAuditSink(fault: fault) }.all
    let found = await broken(promises)
    #expect(found == (fault?.breaks ?? []))
  }
}

/// Keeps request ids as lines, with one thing wrong.
struct FaultyAuditSink: AuditSink {
  enum Fault: PlantedFault {
    case keepsLineBreaks, dropsLast, swallowsErrors, flushesTwice, linesForEmptyBatches,
      stopsAtHundred, saysNo

    var breaks: Set<String> {
      switch self {
      case .keepsLineBreaks: ["keeps events apart, whatever their fields hold"]
      case .dropsLast:
        [
          "has recorded a batch, in its order, when it returns",
          "records each event once from many threads at once",
          "keeps events apart, whatever their fields hold",
        ]
      case .swallowsErrors: ["throws if it can't record"]
      case .flushesTwice:
        [
          "loses nothing when flushed, however often",
          "records each event once from many threads at once",
        ]
      case .linesForEmptyBatches: ["takes an empty batch"]
      case .saysNo: ["says that it can record, as long as it does"]
      case .stopsAtHundred: ["records each event once from many threads at once"]
      }
    }
  }

  private struct Full: Error {}

  let id = "audit.lines"
  let lines = Box("")
  private let isFull: Bool
  private let fault: Fault?
  private let calls = Box(0)

  init(fault: Fault?, isFull: Bool = false) {
    self.fault = fault
    self.isFull = isFull
  }

  func record(_ events: [AccessEvent]) throws {
    if isFull {
      if fault == .swallowsErrors { return }
      throw Full()
    }
    if events.isEmpty, fault == .linesForEmptyBatches { lines.update { $0 += "[]\n" } }
    let kept = fault == .dropsLast && events.count > 1 ? Array(events.dropLast()) : events
    var text = ""
    for event in kept {
      let id = event.request.requestID ?? ""
      let line = try String(decoding: JSONEncoder().encode([id]), as: UTF8.self)
      text += (fault == .keepsLineBreaks ? id : line) + "\n"
    }
    calls.update { $0 += 1 }
    if fault == .stopsAtHundred, calls.value > 100 { return }
    lines.update { [text] in $0 += text }
  }

  func canRecord() -> Bool { fault != .saysNo }

  func flush() {
    if fault == .flushesTwice { lines.update { $0 += $0 } }
  }

  func requestIDs() throws -> [String] {
    try lines.value.utf8.split(separator: UInt8(ascii: "\n")).map { line in
      if fault == .keepsLineBreaks { return String(decoding: line, as: UTF8.self) }
      return try JSONDecoder().decode([String].self, from: Data(line)).joined()
    }
  }
}
