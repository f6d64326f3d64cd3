/// What is found of one row.
enum SourceItem<Record> {
  case record(Record)
  case faulty(row: String, reason: String)
}
