import BenchSupport
import Foundation

/// One HTTP request on a plain socket: nothing between the question and the answer that would be
/// counted as the server's time.
enum Probe {
  /// The status of `GET` with a token, or `nil` if nobody answers.
  static func status(port: Int, token: String, path: String = "/auth") -> Int? {
    guard let socket = Socket(port: port),
      socket.write(
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(token)\r\nConnection: close\r\n\r\n"
      )
    else { return nil }
    let answer = socket.read()
    guard answer.count > 12 else { return nil }
    return Int(String(decoding: answer[9..<12], as: UTF8.self))
  }

  /// Asks until the answer is 200.
  static func waitFor(port: Int, token: String, path: String = "/auth") throws {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      if status(port: port, token: token, path: path) == 200 { return }
      usleep(500)
    }
    throw BenchError.failed("nothing answers on port \(port)")
  }
}
