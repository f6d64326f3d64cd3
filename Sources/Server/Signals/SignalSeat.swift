/// One stream's place in a feed, for as long as somebody holds it.
final class SignalSeat: Sendable {
  let number: UInt64
  let line: SignalLine
  private let leave: @Sendable () -> Void

  init(number: UInt64, line: SignalLine, leave: @escaping @Sendable () -> Void) {
    self.number = number
    self.line = line
    self.leave = leave
  }

  deinit { leave() }
}
