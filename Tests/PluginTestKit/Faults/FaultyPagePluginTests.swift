import CardeaContracts
import CardeaPluginTestKit
import Synchronization
import Testing

@Suite struct FaultyPagePluginTests {
  @Test(arguments: [nil] + FaultyPage.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyPage.Fault?) async {
    let found = await broken(PagePluginPromises { FaultyPage(fault: fault) }.all)
    #expect(found == (fault?.breaks ?? []))
  }
}

/// Has one of everything, with one thing wrong.
struct FaultyPage: PagePlugin {
  enum Fault: PlantedFault {
    case foreignID, nothing, badName, twoAlike, noChoice, noTitle, moody, negative, lateChange

    var breaks: Set<String> { [broken] }

    private var broken: String {
      switch self {
      case .foreignID: "has a stable id, namespaced by kind"
      case .nothing, .badName, .twoAlike, .noChoice, .noTitle:
        "adds something, under names and titles that tell it apart"
      case .moody: "answers for keys of every kind, the same each time"
      case .negative: "gives figures that can be drawn, also of no keys at all"
      case .lateChange: "asks for no change of a key that is gone for good"
      }
    }
  }

  let fault: Fault?
  private static let calls = Atomic<Int64>(0)

  var id: String { fault == .foreignID ? "listener.faulty" : "page.faulty" }

  var columns: [PageColumn] {
    if fault == .nothing { return [] }
    return [
      PageColumn(fault == .noTitle ? "" : "Column") { key in
        guard fault == .moody else { return .text(key.name) }
        return .number(FaultyPage.calls.wrappingAdd(1, ordering: .relaxed).newValue)
      }
    ]
  }

  var filters: [PageFilter] {
    if fault == .nothing { return [] }
    let choices = fault == .noChoice ? [] : [PageFilter.Choice("yes", label: "Yes")]
    return [
      PageFilter(fault == .badName ? "A b" : "filter", label: "Filter", choices: choices) {
        key, _ in key.owner != nil
      }
    ]
  }

  var actions: [PageAction] {
    if fault == .nothing { return [] }
    let action = PageAction("act", title: "Act", effect: "It is suspended.") { key in
      key.state == .active || (fault == .lateChange && key.state == .purged) ? .suspend : nil
    }
    return fault == .twoAlike ? [action, action] : [action]
  }

  var panels: [PagePanel] {
    if fault == .nothing { return [] }
    return [
      PagePanel(
        "Panel",
        .overview { keys in
          PageContent(figures: [.init("keys", fault == .negative ? -1 : Int64(keys.count))])
        })
    ]
  }
}
