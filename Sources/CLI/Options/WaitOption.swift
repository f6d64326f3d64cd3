import ArgumentParser
import CardeaContracts

/// A change can be waited for until every running server obeys it.
struct WaitOption: ParsableArguments {
  @Flag(help: "Return only once every running server obeys, cache.lease at the latest.")
  var wait = false

  /// The receipt of a change: if it is to be waited for, as it is once every server obeys. On a terminal says meanwhile
  /// how many do.
  func settled(_ receipt: Receipt, _ session: Session) async -> Receipt {
    guard wait else { return receipt }
    let console = session.console
    let shows = console.notesAreOnTerminal && session.kernel.namesNodes
    if shows { console.prompt("\r\(ReceiptText.count(receipt))") }
    let settled = await session.kernel.waitForConfirmation(of: receipt) { receipt in
      if shows { console.prompt("\r\(ReceiptText.count(receipt))") }
    }
    if shows { console.note("") }
    return settled
  }
}
