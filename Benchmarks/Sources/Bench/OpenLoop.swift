import BenchSupport
import Foundation

/// Requests at a fixed rate, whether earlier ones were answered or not. What is timed begins when a request was due,
/// so that a server that falls behind does not look better for it.
struct OpenLoop {
  let port: Int
  let perSecond: Int
  let connections: Int
  /// The value of `X-API-Key` of a request.
  let token: (Int) -> String

  struct Result {
    /// One for each answered request.
    var milliseconds: [Double] = []
    var statuses: [Int: Int] = [:]
    var unanswered = 0

    /// The value that this share of the times lies below.
    func quantile(_ share: Double) -> Double {
      let sorted = milliseconds.sorted()
      return sorted.isEmpty
        ? .infinity : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
  }

  private struct Lane {
    let socket: Socket
    var answer = Answer()
    /// When the request on its way was due, in nanoseconds.
    var due: UInt64?
  }

  /// Runs on the calling thread.
  func run(seconds: Int) throws -> Result {
    var lanes: [Lane] = []
    for _ in 0..<connections {
      guard let socket = Socket(port: port) else { throw BenchError.failed("can't connect") }
      lanes.append(Lane(socket: socket))
    }
    var idle = Array(lanes.indices)
    var polled = lanes.map { pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0) }
    var result = Result()
    let total = perSecond * seconds
    let interval = 1_000_000_000 / UInt64(perSecond)
    let start = OpenLoop.now()
    let end = start + UInt64(seconds + 5) * 1_000_000_000
    var sent = 0
    var answered = 0
    while answered < total, OpenLoop.now() < end {
      while sent < total, !idle.isEmpty, start + UInt64(sent) * interval <= OpenLoop.now() {
        let index = idle.removeLast()
        let request =
          "GET /auth HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(token(sent))\r\n\r\n"
        guard lanes[index].socket.write(request) else { throw BenchError.failed("can't send") }
        lanes[index].due = start + UInt64(sent) * interval
        sent += 1
      }
      guard poll(&polled, nfds_t(polled.count), 1) > 0 else { continue }
      for index in polled.indices where polled[index].revents != 0 {
        let bytes = lanes[index].socket.read()
        if bytes.isEmpty { throw BenchError.failed("the server closed a connection") }
        lanes[index].answer.append(bytes)
        guard lanes[index].answer.isWhole, let due = lanes[index].due else { continue }
        result.milliseconds.append(Double(OpenLoop.now() - due) / 1e6)
        result.statuses[lanes[index].answer.status, default: 0] += 1
        lanes[index].answer = Answer()
        lanes[index].due = nil
        idle.append(index)
        answered += 1
      }
    }
    result.unanswered = total - answered
    return result
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
