import CardeaContracts
import CardeaServer

/// Durations and times: what is read has one canonical text, which reads back as the same.
enum TextProperties {
  static func violation(of bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    if let duration = DurationText(text) {
      if let finite = duration.duration, finite < .zero || finite > DurationText.longest {
        return "\(text) is a duration outside the bounds"
      }
    }
    if let time = Timestamp(rfc3339: text) {
      guard Timestamp(rfc3339: time.rfc3339) == time else {
        return "\(time.rfc3339) does not read back"
      }
    }
    return nil
  }
}
