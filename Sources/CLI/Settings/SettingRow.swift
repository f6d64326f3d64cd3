import CardeaContracts

/// Says what is wrong with the entries of a list: entry by entry, all of it.
package typealias SettingEntryCheck =
  @Sendable (_ entries: [String]) -> [(entry: String, problem: SettingProblem)]

/// A setting without its value's type.
package struct SettingRow: Sendable {
  package let name: String
  package let type: SettingDeclaration.ValueType
  package let defaultText: String?
  package let flag: String?
  package let documentation: String
  package var problems: SettingEntryCheck?
  package let read: @Sendable (SettingText) throws(SettingProblem) -> any Sendable

  /// The name in the environment: `CARDEA_`, then the name in capitals, an underscore before a
  /// capital that follows a small letter, everything that is neither an ASCII letter nor a digit as
  /// `_`. It is the spelling under which swift-configuration looks the name up.
  package var environmentName: String { SettingRow.environmentName(name) }

  package static func environmentName(_ name: String) -> String {
    var result = "CARDEA_"
    var followsSmall = false
    for byte in name.utf8 {
      let isSmall = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"):
        result.unicodeScalars.append(Unicode.Scalar(byte - 32))
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        if followsSmall { result += "_" }
        result.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "_"
      }
      followsSmall = isSmall
    }
    return result
  }
}
