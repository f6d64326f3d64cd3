public import CardeaContracts
internal import Foundation

/// Appends every signal to a file as one line of JSON.
///
/// A line that can't be written is reported as `listener_failed`; nothing else comes to harm.
public final class JSONLinesListener: SignalListener, ConfigurablePlugin {
  public static let id = "listener.jsonlines"
  public static let settings = [
    SettingDeclaration("path", .string, "The file that signals are appended to. Unset: none.")
  ]

  public let path: String
  private let file: FileHandle

  /// Opens the file, or creates it so that only its owner can read it.
  public init(path: String) throws {
    self.path = path
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  public static func make(settings: SettingValues) throws(ConfigurationFault) -> JSONLinesListener?
  {
    guard let path = settings.string("path") else { return nil }
    do { return try JSONLinesListener(path: path) } catch {
      throw ConfigurationFault(
        plugin: id, setting: "plugins.\(id).path", value: path, problem: "it can't be written to",
        remedy: "Name a file in a folder that this process may write to.")
    }
  }

  public func receive(_ signal: AnySignal) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try file.write(contentsOf: encoder.encode(signal) + Data("\n".utf8))
  }
}
