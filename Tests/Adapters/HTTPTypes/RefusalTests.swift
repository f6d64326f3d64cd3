import Cardea
import CardeaHTTPTypes
import Foundation
import HTTPTypes
import Testing

@Suite("refusals as HTTP")
struct RefusalTests {
  @Test func everyReasonHasItsStatusAndA401HasNoOther() {
    var bodies: Set<[UInt8]> = []
    let texts = RefusalTexts(
      unauthenticated: "Get a key.", forbidden: "Ask for more.",
      byReason: [.revoked: "told!", .wrongClass: "Not this class."])
    for reason in Denial.Reason.allCases {
      let refusal = Refusal(
        Denial(
          reason, policy: PolicyDenial(code: "p", retryAfter: .milliseconds(1_500)),
          verified: reason == .policyDenied),
        texts: texts, requestID: "r")
      let fields = refusal.head.headerFields
      #expect(fields[.contentType] == "application/problem+json")
      #expect(fields[.cacheControl] == "no-store")
      #expect(fields[.xRequestID] == "r")
      let body = String(decoding: refusal.body, as: UTF8.self)
      switch refusal.head.status.code {
      case 401:
        bodies.insert(refusal.body)
        #expect(fields[.wwwAuthenticate] == "Api-Key realm=\"cardea\"")
        #expect(fields[.retryAfter] == nil)
      case 403:
        #expect([.insufficientScope, .wrongClass, .policyDenied].contains(reason))
        #expect(body.contains(reason == .wrongClass ? "Not this class." : "Ask for more."))
        #expect(body.contains("\"code\":\"\(reason.rawValue)\""))
      default:
        #expect(refusal.head.status.code == (reason == .rateLimited ? 429 : 503))
        #expect(fields[.retryAfter] == "2")
      }
    }
    #expect(bodies.count == 1)
    #expect(
      bodies.first.map { String(decoding: $0, as: UTF8.self) }
        == #"{"code":"unauthenticated","detail":"Get a key.","status":401,"title":"Unauthorized","type":"about:blank"}"#
    )
  }

  @Test func theBodyIsTheProblemAsJSON() throws {
    let whole = Problem(
      status: 403, code: "insufficient_scope", detail: "quoted \"\\\u{202E}\u{7}/é\"",
      field: "scope", policy: "p", missingScopes: ["a:b", "c\"d"], requestID: "r")
    for problem in [whole, Problem(status: 404, code: "not_found")] {
      let encoded = try JSONEncoder().encode(problem)
      let told = try JSONSerialization.jsonObject(with: Data(problem.body())) as? NSDictionary
      let meant = try JSONSerialization.jsonObject(with: encoded) as? NSDictionary
      #expect(told == meant)
    }
    let empty = Problem(status: 403, code: "insufficient_scope", missingScopes: [])
    #expect(String(decoding: empty.body(), as: UTF8.self).contains("\"missing_scopes\":[],"))
  }

  @Test func aLimitWithoutATimeStillSaysWhenToRetry() {
    #expect(Refusal(Denial(.rateLimited)).head.headerFields[.retryAfter] == "1")
    #expect(Refusal(Denial(.overloaded)).head.headerFields[.retryAfter] == "1")
  }
}
