import CardeaContracts
import CardeaSQLite
import Foundation
import Testing

/// S7 across SIGKILL: what was committed is delivered to a durable listener at least once, in order.
@Suite("durable delivery", .serialized) struct DurableDeliveryTests {
  @Test("killed 12 times between commit and delivery, nothing acknowledged is missed")
  func atLeastOnceAcrossKill() throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    var acknowledged: Set<Int64> = []
    var seen: Set<Int64> = []
    var runs: [[Int64]] = []
    func note(_ line: String, in run: inout [Int64]) {
      let words = line.split(separator: " ")
      guard words.count == 2, let position = Int64(words[1]) else { return }
      if words[0] == "ack" { acknowledged.insert(position) }
      if words[0] == "seen" {
        seen.insert(position)
        run.append(position)
      }
    }
    for round in 0..<12 {
      let child = try ChildProcess("deliver", path, "4")
      var run: [Int64] = []
      // Killed after so many lines: in the middle of commits and deliveries alike.
      var count = 0
      while count < 20 + round * 7, let line = try child.nextLine() {
        note(line, in: &run)
        count += 1
      }
      child.kill()
      for line in try child.remainingLines() { note(line, in: &run) }
      runs.append(run)
    }
    // The last one only delivers: what was committed and not delivered comes now.
    let last = try ChildProcess("deliver", path, "0")
    var run: [Int64] = []
    while !acknowledged.isSubset(of: seen), let line = try last.nextLine() { note(line, in: &run) }
    last.kill()
    runs.append(run)
    #expect(acknowledged.count > 50)
    #expect(acknowledged.isSubset(of: seen), "missed: \(acknowledged.subtracting(seen).sorted())")
    // Within a process in the order of the log, each once.
    for run in runs { #expect(zip(run, run.dropFirst()).allSatisfy { $0 < $1 }) }
  }
}
