import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The name of a slot in the access log, in a file of the slot's: it is made with the slot, so that another spool never
/// continues its chain.
enum SpoolNode {
  /// The name that stands in the folder, or a new one, which stands there from now on.
  static func name(in folder: String) throws(SpoolFault) -> String {
    let file = "\(folder)/node"
    if let data = FileManager.default.contents(atPath: file),
      let text = String(validating: data, as: UTF8.self)
    {
      let name = text.prefix { $0 != "\n" }
      let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
      if (1...128).contains(name.utf8.count), isName { return String(name) }
      if !text.isEmpty { throw SpoolFault("\(file) does not hold a node's name", code: 0) }
    }
    let name = AccessLogNode.newName()
    let descriptor = open("\(file).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SpoolFault("\(file) can't be made") }
    defer { close(descriptor) }
    let bytes = Array("\(name)\n".utf8)
    guard bytes.withUnsafeBytes({ systemWrite(descriptor, $0) }) == bytes.count,
      fsync(descriptor) == 0, rename("\(file).new", file) == 0
    else { throw SpoolFault("\(file) can't be written") }
    return name
  }
}
