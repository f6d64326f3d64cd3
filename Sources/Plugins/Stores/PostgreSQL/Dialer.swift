import CPostgreSQL
import CardeaContracts
import Dispatch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Connects to whichever of a URL's hosts is the first to take it. All are tried at the same time, each on a thread of
/// its own: one that swallows everything keeps nobody from another. One that refuses is asked again while others are
/// silent, since it may be about to take over.
///
/// Threading: ``connect(_:)`` blocks its caller, one at a time, for as long as the slowest host may take: two seconds
/// unless the URL has a `connect_timeout`.
final class Dialer: Sendable {
  /// Makes a connection of a libpq handle, or refuses the server.
  typealias Admission = @Sendable (_ handle: OpaquePointer) throws(Failure) -> Connection

  private let hosts: [(queue: DispatchQueue, parameters: [(String, String)])]

  init(_ hosts: [[String: String]]) {
    self.hosts = hosts.map { host in
      (
        DispatchQueue(label: "cardea.store.postgresql.host", qos: .userInitiated),
        host.map { ($0.key, $0.value) }
      )
    }
  }

  /// - Parameters:
  ///   - parameters: libpq's, of which the last of a name counts.
  ///   - admit: takes over the handle. A host that it refuses has not taken us.
  func connect(
    _ parameters: [(String, String)], admit: @escaping Admission
  ) throws(Failure) -> Connection {
    if hosts.count == 1 { return try admit(try Dialer.dial(parameters)) }
    let race = Race(hosts.count)
    for index in hosts.indices { dial(index, parameters, admit, race) }
    return try race.winner()
  }

  private func dial(
    _ index: Int, _ parameters: [(String, String)], _ admit: @escaping Admission, _ race: Race
  ) {
    let (queue, host) = hosts[index]
    queue.async { [self] in
      if race.isDecided { return }
      race.note(
        Result { () throws(Failure) in try admit(try Dialer.dial(parameters + host)) }, of: index)
      queue.asyncAfter(deadline: .now() + .milliseconds(200)) { [self] in
        if !race.isDecided { dial(index, parameters, admit, race) }
      }
    }
  }

  private static func dial(_ parameters: [(String, String)]) throws(Failure) -> OpaquePointer {
    let names = parameters.map { UnsafePointer(strdup($0.0)) } + [nil]
    let values = parameters.map { UnsafePointer(strdup($0.1)) } + [nil]
    defer { for text in names + values { free(UnsafeMutablePointer(mutating: text)) } }
    guard let handle = PQconnectdbParams(names, values, 1) else {
      throw .lost("there is no memory to connect")
    }
    guard PQstatus(handle) == CONNECTION_OK else {
      defer { PQfinish(handle) }
      throw Failure(of: handle)
    }
    return handle
  }

  /// The first host that took us, or why none did.
  private final class Race: Sendable {
    private struct State: Sendable {
      var failures: [Failure?]
      var winner: Connection?
      var isDecided = false
    }

    private let state: Locked<State>
    private let decided = DispatchSemaphore(value: 0)

    init(_ count: Int) { state = Locked(State(failures: Array(repeating: nil, count: count))) }

    var isDecided: Bool { state.withLock { $0.isDecided } }

    /// Whoever comes too late is hung up on.
    func note(_ result: Result<Connection, Failure>, of index: Int) {
      let (late, decides) = state.withLock { state -> (Connection?, Bool) in
        if state.isDecided { return (try? result.get(), false) }
        switch result {
        case .success(let connection): state.winner = connection
        case .failure(let failure): state.failures[index] = failure
        }
        state.isDecided = state.winner != nil || !state.failures.contains { $0 == nil }
        return (nil, state.isDecided)
      }
      late?.end(.lost("another host was first"))
      if decides { decided.signal() }
    }

    func winner() throws(Failure) -> Connection {
      decided.wait()
      let (winner, failures) = state.withLock { ($0.winner, $0.failures) }
      guard let winner else {
        throw .lost(failures.compactMap { $0?.reason }.joined(separator: "; "))
      }
      return winner
    }
  }
}
