/// A statement that was asked for, on its way to the server and back.
// A class, since queues of them move.
final class Request {
  let statement: Statement
  /// `DispatchTime` in nanoseconds.
  let deadline: UInt64
  let answer: Connection.Answer
  /// Under which its statement is prepared, by it or before it; `nil` if it is not.
  var name: String?
  /// Prepares this statement under its name.
  var prepares = false
  /// Whether a synchronisation point is behind it.
  var isLast = false
  /// Of it, those that the server is not done with.
  var commands = 1
  var rows: Rows?
  var failure: Failure?
  var isPassedOver = false
  var isWarned = false

  init(_ statement: Statement, _ deadline: UInt64, _ answer: @escaping Connection.Answer) {
    self.statement = statement
    self.deadline = deadline
    self.answer = answer
  }

  /// The same, of which nothing has been sent.
  var anew: Request { Request(statement, deadline, answer) }
}
