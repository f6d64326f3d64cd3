import CardeaContracts
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
  /// The host's colours, if it has any.
  let colours: File?
  let script: File
  let icon: File

  init(root: String, colour: PageColour?, _ primitives: any Primitives) {
    func file(_ name: String, _ ending: String, _ type: String, _ bytes: [UInt8]) -> File {
      let hash = Base64.encodeURL(primitives.sha256(bytes).bytes.prefix(12))
      return File(
        path: "\(root)/files/\(name)-\(hash).\(ending)", type: type,
        bytes: ByteBuffer(bytes: bytes))
    }
    let css = "text/css; charset=utf-8"
    style = file("page", "css", css, PackageResources.page_css)
    colours = colour.map { file("colours", "css", css, Array($0.styleSheet.utf8)) }
    script = file("page", "js", "text/javascript; charset=utf-8", PackageResources.page_js)
    icon = file("icon", "svg", "image/svg+xml", PackageResources.icon_svg)
  }

  func add(to table: inout RouteTable) {
    for file in [style, colours, script, icon].compactMap(\.self) {
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
