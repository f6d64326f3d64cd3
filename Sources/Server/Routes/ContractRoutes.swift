import CardeaHTTPTypes
import HTTPTypes
import Hummingbird
import NIOCore

/// `GET /openapi.yaml`: this interface, described as OpenAPI 3.1. Needs no key.
enum ContractRoutes {
  static func add(to table: inout RouteTable) {
    let description = ByteBuffer(bytes: PackageResources.openapi_yaml)
    table.get("/openapi.yaml") { _ in
      // RFC 9512.
      Response(
        status: .ok, headers: [.contentType: "application/yaml"],
        body: ResponseBody(byteBuffer: description))
    }
  }
}
