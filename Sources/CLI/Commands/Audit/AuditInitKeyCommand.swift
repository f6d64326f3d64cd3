import ArgumentParser
import Cardea
import CardeaServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `cardea audit init-key`.
struct AuditInitKeyCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "init-key",
    abstract: "Make the key that signs checkpoints of both logs.",
    discussion: """
      Writes a new Ed25519 key to a new file that only its owner may read, and prints its public key, which \
      cardea audit verify --public-key takes: keep that where the owner of the database can't change it. \
      Name the file in audit.signing_key_file; it belongs on another disk than the store.

      Example:
        cardea audit init-key /etc/cardea/audit.key
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: ArgumentHelp("The new file.", valueName: "file"))
  var path: String

  func perform() async throws {
    let primitives = try SodiumPrimitives()
    let key = try SigningKeyFile.create(path, primitives: primitives)
    let text = Hex.text(primitives.publicKey(of: key).bytes)
    let console = Toolbox.current.console
    guard !common.json else {
      let data = try JSONEncoder.contract(pretty: true).encode(["public_key": text])
      return console.out(String(decoding: data, as: UTF8.self))
    }
    console.note("The key is in \(SafeText.line(path)). Its public key:")
    console.out(text)
  }
}
