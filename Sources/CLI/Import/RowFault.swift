/// Why a row can't be taken. Never holds a key or a hash.
struct RowFault: Error, Equatable {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
