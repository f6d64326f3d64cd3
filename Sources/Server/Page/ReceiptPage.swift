import CardeaContracts
import Hummingbird

/// `/admin/receipt`: which nodes obey the last change by now, for the script of the page that shows it.
enum ReceiptPage {
  static func add(to routes: inout PageRoutes) {
    routes.follow("/receipt", query: [], scope: "cardea:keys:write") { visit in
      // Without one it was settled meanwhile, and some page has shown that.
      guard let receipt = await visit.currentReceipt() else { throw Problem.notFound }
      return try .json(ReceiptView(receipt, isSettled: visit.kernel.isSettled(receipt)))
    }
  }
}
