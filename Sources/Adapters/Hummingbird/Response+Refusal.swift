import CardeaContracts
import CardeaHTTPTypes
import Hummingbird

extension Response {
  /// A refusal as problem+json.
  init(refusal denial: Denial, texts: RefusalTexts, context: some RequestContext) {
    self.init(Refusal(denial, texts: texts, requestID: context.requestID))
  }

  /// A refusal as Hummingbird writes it.
  package init(_ refusal: Refusal) {
    self.init(
      status: refusal.head.status, headers: refusal.head.headerFields,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: refusal.body)))
  }
}
