import CardeaContracts
import CardeaServer

/// What a setting's value must be beyond its type.
enum SettingCheck {
  static let notEmpty: @Sendable (String) -> SettingProblem? = { value in
    value.isEmpty ? SettingProblem("empty", remedy: "Write a value or remove the setting.") : nil
  }

  /// A text for people, in one line.
  static let line: @Sendable (String) -> SettingProblem? = { value in
    let isGood =
      value.utf8.count <= 500
      && !value.unicodeScalars.contains { $0.properties.generalCategory == .control }
    return isGood
      ? nil
      : SettingProblem(
        "not one line of at most 500 bytes", remedy: "Write one line, without control characters.")
  }

  static let network: @Sendable (String) -> SettingProblem? = { value in
    CIDR(value) == nil
      ? SettingProblem(
        "\(SafeText.line(value, limit: 60)) is no network",
        remedy: "Write networks without bits beyond their length, such as 10.0.0.0/8 or ::1/128.")
      : nil
  }

  static let hostName: @Sendable (String) -> SettingProblem? = { value in
    let isGood =
      (1...253).contains(value.utf8.count)
      && value.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
          true
        default: false
        }
      }
    return isGood
      ? nil
      : SettingProblem(
        "\(SafeText.line(value, limit: 60)) is no host name",
        remedy: "Write names as keys.example.com, without scheme or port.")
  }

  static let pageName: @Sendable (String) -> SettingProblem? = { value in
    line(value)
      ?? ((1...64).contains(value.count)
        ? nil
        : SettingProblem("not a name of 1 to 64 characters", remedy: "Write your service's name."))
  }

  static let colour: @Sendable (String) -> SettingProblem? = { value in
    value.isEmpty || PageColour(value) != nil
      ? nil
      : SettingProblem(
        "\(SafeText.line(value, limit: 40)) is no colour",
        remedy: "Write # and six hexadecimal digits, in quotes: \"#0f766e\".")
  }

  /// What `frame-ancestors` takes without a wildcard: nothing that could end the directive.
  static let origin: @Sendable (String) -> SettingProblem? = { value in
    let parts = value.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
    var isGood = parts.count == 2 && ["https", "http"].contains(parts[0])
    if isGood {
      let host = parts[1].split(separator: ":", omittingEmptySubsequences: false)
      isGood =
        host.count <= 2 && hostName(String(host[0])) == nil
        && (host.count == 1
          || IntegerText.parse(String(host[1])).map { (1...65_535) ~= $0 } ?? false)
    }
    return isGood
      ? nil
      : SettingProblem(
        "\(SafeText.line(value, limit: 60)) is no origin",
        remedy: "Write scheme, host and perhaps a port, as https://app.example.com, without a path."
      )
  }

  static let namespace: @Sendable (String) -> SettingProblem? = { value in
    let bytes = value.utf8
    let isGood =
      (1...246).contains(bytes.count)
      && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") && $0 != 0x2C }
    return isGood
      ? nil
      : SettingProblem(
        "not a namespace",
        remedy: "Write 1 to 246 characters of printable ASCII without space, colon or comma.")
  }

  /// RFC 9110, section 5.6.2: `token`, which field names and authentication schemes are.
  static let fieldName: @Sendable (String) -> SettingProblem? = { value in
    let marks = Array("!#$%&'*+-.^_`|~".utf8)
    let isGood = value.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: marks.contains(byte)
      }
    }
    return isGood
      ? nil
      : SettingProblem(
        "\(SafeText.line(value, limit: 40)) can't be a header's or scheme's name",
        remedy: "Use ASCII letters, digits and -.")
  }

  /// The name of a query item or a form field: what is no control character nor a space.
  static let itemName: @Sendable (String) -> SettingProblem? = { value in
    value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
      ? nil
      : SettingProblem(
        "\(SafeText.line(value, limit: 40)) can't be such a name", remedy: "Use visible characters."
      )
  }

  static let queryName: @Sendable (String) -> SettingProblem? = { value in
    QueryNames.all.contains(value)
      ? SettingProblem(
        "the server's own queries use this name", remedy: "Choose another, such as api_key.")
      : itemName(value)
  }

  static let scope: @Sendable (String) -> SettingProblem? = { value in
    ScopeSet.isValid(value)
      ? nil
      : SettingProblem(
        "\(SafeText.line(value, limit: 40)) can't be a scope",
        remedy: "Use 1 to 128 characters of printable ASCII without space.")
  }

  static let claim: @Sendable (String) -> SettingProblem? = { value in
    (1...256).contains(value.utf8.count) && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
      ? nil
      : SettingProblem(
        "not a name or URL", remedy: "Write 1 to 256 characters of printable ASCII without space.")
  }

  static let versionedPath: @Sendable (String) -> SettingProblem? = { value in
    let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let isGood = parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
    return isGood
      ? nil
      : SettingProblem("not VERSION=PATH", remedy: "Write for example v1=/etc/cardea/pepper-v1.")
  }

  static let days: @Sendable (String) -> SettingProblem? = { value in
    wholeDays(value) == nil
      ? SettingProblem(
        "\(SafeText.line(value, limit: 40)) is not 1 to 3650 whole days", remedy: "Write 30d.")
      : nil
  }

  /// The days that a duration is, if it is whole ones.
  static func wholeDays(_ text: String) -> Int? {
    guard let duration = DurationText(text)?.duration else { return nil }
    let days = Int(duration.milliseconds / Duration.days(1).milliseconds)
    return (1...3_650).contains(days) && Duration.days(days) == duration ? days : nil
  }

  static let nodeName: @Sendable (String) -> SettingProblem? = { value in
    value.isEmpty || NodeCard.isName(value)
      ? nil
      : SettingProblem(
        "not a node's name", remedy: "Write 1 to 64 visible ASCII characters, such as web-1.")
  }

  static let keyName: @Sendable (String) -> SettingProblem? = { value in
    do throws(LifecycleError) {
      if !value.isEmpty { try LifecycleRules.checkName(value) }
      return nil
    } catch {
      return SettingProblem("not a key's name", remedy: "Write 1 to 128 characters.")
    }
  }

  static func oneOf(_ names: [String]) -> @Sendable (String) -> SettingProblem? {
    { value in
      names.contains { $0.utf8.elementsEqual(value.utf8) }
        ? nil
        : SettingProblem(
          "not one of \(names.joined(separator: ", "))",
          remedy: "Write \(NearestName.find(value, among: names) ?? "one of them").")
    }
  }
}
