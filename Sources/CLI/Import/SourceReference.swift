struct SourceReference: Equatable {
  let table: String
  let column: String
}
