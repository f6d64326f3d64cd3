import CardeaKernel
import HTTPTypes
import Hummingbird
import NIOCore

/// The style sheet, the script and the icon, each under a path that changes with its content, to be kept for ever.
struct PageFiles: Sendable {
  struct File: Sendable {
    let path: String
    fileprivate let type: String
    fileprivate let bytes: ByteBuffer
  }

  let style: File
  let script: File
  let icon: File

  init(_ primitives: any Primitives) {
    func file(_ name: String, _ ending: String, _ type: String, _ bytes: [UInt8]) -> File {
      let hash = Base64.encodeURL(primitives.sha256(bytes).bytes.prefix(12))
      return File(
        path: "/admin/files/\(name)-\(hash).\(ending)", type: type, bytes: ByteBuffer(bytes: bytes))
    }
    style = file("page", "css", "text/css; charset=utf-8", PackageResources.page_css)
    script = file("page", "js", "text/javascript; charset=utf-8", PackageResources.page_js)
    icon = file("icon", "svg", "image/svg+xml", PackageResources.icon_svg)
  }

  func add(to table: inout RouteTable) {
    for file in [style, script, icon] {
      table.get(file.path) { _ in
        Response(
          status: .ok,
          headers: [
            .contentType: file.type, .cacheControl: "public, max-age=31536000, immutable",
          ], body: ResponseBody(byteBuffer: file.bytes))
      }
    }
  }
}
