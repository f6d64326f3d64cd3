import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Response {
  /// A JSON answer of the contract.
  static func json(
    _ resource: some Encodable, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    let body = try JSONEncoder.contract().encode(resource)
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }

  /// What every response carries, whatever came of the request.
  mutating func addCommonFields(requestID: String) {
    headers[.xRequestID] = requestID
    // A file of the page, which changes its path with its content, says that it may be kept.
    if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    headers[.xContentTypeOptions] = "nosniff"
  }
}
