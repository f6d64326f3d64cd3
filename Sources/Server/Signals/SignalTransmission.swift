import CardeaKernel
import Hummingbird
import Logging
import NIOCore

/// One stream of signals, from its first byte to its end: an answer to `GET /v1/signals`, or what the page follows.
struct SignalTransmission: Sendable {
  let feed: SignalFeed
  let seat: SignalSeat
  let kernel: AuthKernel
  /// The key that asks, as it was let in.
  let identity: Identity
  let filter: SignalFilter
  /// The position after which it begins.
  let start: Int64
  let logger: Logger
  /// Whether what the key was let in by still holds.
  var isOpen: @Sendable () -> Bool = { true }
  /// What is written of an event.
  var text: @Sendable (SignalEvent) throws -> [UInt8] = { $0.bytes }

  /// What the key must hold, for as long as the stream goes on.
  static let scope = "cardea:signals:read"

  /// Why a stream ended, for the log.
  private enum End: String {
    /// The server stops.
    case stopped
    /// The key is not in force any more, or has lost its scope; or the session is over.
    case denied
    /// The log can't be read.
    case unreadable
    /// The client took nothing for too long.
    case slow
    case gone
  }

  /// Writes signals until the key, the client or the server goes. A client comes back with the last id that it
  /// has seen and misses nothing.
  func run(_ writer: inout any ResponseBodyWriter) async throws {
    var cursor = start
    var reason = End.stopped
    do {
      // So that also a client that has seen no signal yet knows where to go on.
      try await write("retry: 1000\nid: \(start)\n\n", &writer)
      reason = try await transmit(&cursor, &writer)
      log(reason, cursor)
    } catch {
      log(seat.line.isDropped ? .slow : .gone, cursor)
      throw error
    }
    try await writer.finish(nil)
  }

  private func transmit(
    _ cursor: inout Int64, _ writer: inout any ResponseBodyWriter
  ) async throws -> End {
    var identity = identity
    var filter = filter
    var told = cursor
    var lastBeat: UInt64?
    while true {
      let page: SignalFeed.Page
      do {
        guard let next = try await feed.page(after: cursor, for: seat) else { return .stopped }
        page = next
      } catch let error as CancellationError { throw error } catch { return .unreadable }
      var bytes = ByteBuffer()
      for event in page.events {
        if event.entry.signal == OwnerCreated.name {
          do { try await filter.findOwners(in: kernel) } catch { return .unreadable }
        }
        cursor = event.entry.position
        guard filter.takes(event.entry) else { continue }
        do { bytes.writeBytes(try text(event)) } catch { return .unreadable }
        told = cursor
      }
      if lastBeat != page.beat {
        // The connection shows that it lives; a client that wants little of much is told how far it is.
        if bytes.readableBytes == 0, lastBeat != nil {
          bytes.writeString(told == cursor ? ":\n\n" : "id: \(cursor)\n\n")
          told = cursor
        }
        lastBeat = page.beat
      }
      // After the reading and before the writing: nothing that happened after a revocation is told.
      let requirement = Requirement(scopes: [SignalTransmission.scope])
      switch await kernel.recheck(identity, requiring: requirement) {
      case .allow(let current): identity = current
      case .deny: return .denied
      }
      guard isOpen() else { return .denied }
      if bytes.readableBytes > 0 { try await write(bytes, &writer) }
    }
  }

  private func write(_ text: String, _ writer: inout any ResponseBodyWriter) async throws {
    try await write(ByteBuffer(string: text), &writer)
  }

  private func write(_ bytes: ByteBuffer, _ writer: inout any ResponseBodyWriter) async throws {
    seat.line.writing(at: kernel.clock.monotonic())
    defer { seat.line.written() }
    try await writer.write(bytes)
  }

  private func log(_ end: End, _ position: Int64) {
    logger.info(
      "a stream of signals ended",
      metadata: [
        "reason": "\(end.rawValue)", "position": .stringConvertible(position),
      ])
  }
}
