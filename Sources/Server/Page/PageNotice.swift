/// What the next page says of the change before it.
struct PageNotice: Sendable, Equatable {
  let text: String
  /// Whether something did not go as it should.
  var isBad = false
}
