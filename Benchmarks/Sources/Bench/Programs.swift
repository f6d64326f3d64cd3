import Foundation

/// Other programs: started, run to their end, and what they cost.
enum Programs {
  static func start(
    _ path: String, _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// Makes a store with one admin key; its token.
  static func newStore(
    _ cardea: String, _ path: String, _ environment: [String: String] = [:]
  ) throws -> String {
    try output(cardea, ["init", "--store", "sqlite:\(path)"], environment)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// What it wrote to its output.
  static func output(
    _ path: String, _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  /// Seconds of processor time that a process has used.
  static func processorTime(_ pid: Int32) -> Double {
    stat(pid)?.seconds ?? 0
  }

  /// Seconds of processor time that processes have used, with all that they started.
  static func processorTime(trees pids: [Int32]) -> Double {
    let all = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [])
      .compactMap { Int32($0) }
    let stats = Dictionary(
      all.compactMap { pid in stat(pid).map { (pid, $0) } }, uniquingKeysWith: { $1 })
    var family = Set(pids)
    var grown = true
    while grown {
      grown = false
      for (pid, stat) in stats where family.contains(stat.parent) {
        grown = family.insert(pid).inserted || grown
      }
    }
    return family.reduce(0) { $0 + (stats[$1].map { $0.seconds + $0.endedChildren } ?? 0) }
  }

  /// Seconds of processor time of the programs that this one started and that have ended.
  static func endedProgramsTime() -> Double {
    var usage = rusage()
    getrusage(-1, &usage)  // RUSAGE_CHILDREN, of another type on each system
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  private static func stat(
    _ pid: Int32
  ) -> (parent: Int32, seconds: Double, endedChildren: Double)? {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(end, offsetBy: 2)...].split(separator: " ")
    let hertz = Double(sysconf(Int32(_SC_CLK_TCK)))
    func seconds(_ index: Int) -> Double {
      ((Double(fields[index]) ?? 0) + (Double(fields[index + 1]) ?? 0)) / hertz
    }
    return (Int32(fields[1]) ?? 0, seconds(11), seconds(13))
  }

  /// Kibibytes of resident memory.
  static func resident(_ pid: Int32) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return Int(line.filter(\.isNumber)) ?? 0
  }
}
