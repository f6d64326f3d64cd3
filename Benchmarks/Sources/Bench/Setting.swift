import Foundation

/// Where and when figures were measured: what they can be judged by.
struct Setting: Codable {
  private(set) var system = ProcessInfo.processInfo.operatingSystemVersionString
  private(set) var processor = Setting.processorName()
  private(set) var cores = ProcessInfo.processInfo.activeProcessorCount
  private(set) var command = CommandLine.arguments.joined(separator: " ")
  private(set) var commit = Setting.commitName()
  private(set) var began = Date().formatted(.iso8601)
  /// Before and after; what is measured is a part of the second.
  private(set) var loadAverage = [Setting.loadAverageText()]

  mutating func end() { loadAverage.append(Setting.loadAverageText()) }

  func print() {
    Swift.print("\(system), \(cores) cores of \(processor), load average \(loadAverage[0])")
    Swift.print("\(began), commit \(commit): \(command)")
  }

  private static func loadAverageText() -> String {
    (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?
      .split(separator: " ").prefix(3).joined(separator: " ") ?? "unknown"
  }

  private static func processorName() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown"
  }

  private static func commitName() -> String {
    let text = try? Programs.output(
      "/usr/bin/env", ["git", "describe", "--always", "--dirty", "--exclude=*"])
    return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
  }
}
