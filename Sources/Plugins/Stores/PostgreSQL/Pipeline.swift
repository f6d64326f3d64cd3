/// What was sent on a connection and is not answered yet, in its order, and the synchronisation points in between.
struct Pipeline {
  private var waiting: ArraySlice<Request> = []
  private var passedOver: [Request] = []
  /// Synchronisation points that the server has not passed yet.
  private(set) var syncs = 0
  /// Whether the last of what was sent has one behind it.
  private(set) var isSynced = true
  /// Whether the command of the moment has given something: what libpq ends with nothing is it.
  private var hasResult = false

  /// What the server is at.
  var first: Request? { waiting.first }

  // MARK: Sent

  /// - Returns: whether nothing else waits.
  mutating func append(_ request: Request) -> Bool {
    waiting.append(request)
    isSynced = false
    return waiting.count == 1
  }

  /// A synchronisation point was sent behind it all.
  mutating func appendSync() {
    waiting.last?.isLast = true
    isSynced = true
    syncs += 1
  }

  // MARK: Come

  /// The command of the moment has given something.
  mutating func noteResult() { hasResult = true }

  /// The server is done with the command of the moment.
  /// - Returns: whether the first of those who wait is answered now: what has no synchronisation point behind it only
  ///   reads, and nothing that comes can take that back.
  mutating func endCommand() -> Bool {
    guard hasResult, let first else { return false }
    hasResult = false
    first.commands -= 1
    return !first.isLast && first.commands == 0
  }

  /// The server has passed a synchronisation point: the first of those who wait is answered now.
  mutating func passSync() {
    syncs -= 1
    hasResult = false
  }

  /// Takes the first of those who wait out.
  mutating func next() -> Request? { waiting.popFirst() }

  /// The server passed it over, for a refusal before it: it is sent again behind the synchronisation point.
  mutating func passOver(_ request: Request) { passedOver.append(request) }

  /// Takes those out that are to be sent again.
  mutating func takePassedOver() -> [Request] {
    defer { passedOver = [] }
    return passedOver
  }

  /// Takes everything out.
  mutating func takeAll() -> [Request] {
    defer { (passedOver, waiting) = ([], []) }
    return passedOver + waiting
  }
}
