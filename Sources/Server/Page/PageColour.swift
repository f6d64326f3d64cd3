#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A colour of the host application, and what goes with it so that everybody can read it (WCAG 2.2, 1.4.3: 4.5 to 1).
public struct PageColour: Sendable, Equatable {
  private let red: UInt8
  private let green: UInt8
  private let blue: UInt8

  private static let black = PageColour(0, 0, 0)
  private static let white = PageColour(255, 255, 255)
  /// What text stands on, as `page.css` has it.
  private static let lightGround = PageColour(0xF4, 0xF6, 0xF7)
  private static let darkSurface = PageColour(0x16, 0x1E, 0x24)
  private static let legible = 4.5

  /// `nil` unless written as `#0f766e`.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 7, bytes[0] == UInt8(ascii: "#"),
      bytes[1...].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let number = UInt32(text.dropFirst(), radix: 16)
    else { return nil }
    self.init(
      UInt8(number >> 16), UInt8(truncatingIfNeeded: number >> 8),
      UInt8(truncatingIfNeeded: number))
  }

  private init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// The page's variables in this colour, in light and in dark.
  var styleSheet: String {
    let on =
      PageColour.black.contrast(to: self) > PageColour.white.contrast(to: self)
      ? PageColour.black : .white
    func rule(ground: PageColour, towards end: PageColour) -> String {
      let link = legible(on: ground, towards: end)
      return ":root { --accent: \(text); --on-accent: \(on.text); --hover: \(text); "
        + "--link: \(link.text); }"
    }
    let light = rule(ground: PageColour.lightGround, towards: .black)
    let dark = rule(ground: PageColour.darkSurface, towards: .white)
    return "\(light)\n@media (prefers-color-scheme: dark) { \(dark) }\n"
  }

  /// This colour, or the first one on the way to `end` that can be read on `ground`.
  func legible(on ground: PageColour, towards end: PageColour) -> PageColour {
    for step in 0..<20 {
      let mixed = mixed(with: end, Double(step) / 20)
      if mixed.contrast(to: ground) >= PageColour.legible { return mixed }
    }
    return end
  }

  private func mixed(with other: PageColour, _ share: Double) -> PageColour {
    func mix(_ from: UInt8, _ to: UInt8) -> UInt8 {
      UInt8((Double(from) * (1 - share) + Double(to) * share).rounded())
    }
    return PageColour(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }

  /// From 1, the same, to 21, black on white.
  func contrast(to other: PageColour) -> Double {
    let (one, two) = (luminance, other.luminance)
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)
  }

  private var luminance: Double {
    func linear(_ part: UInt8) -> Double {
      let value = Double(part) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  private var text: String {
    "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
