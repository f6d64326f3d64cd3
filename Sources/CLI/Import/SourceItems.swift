/// Records read one at a time.
struct SourceItems<Record> {
  let next: () throws -> SourceItem<Record>?

  init(_ next: @escaping () throws -> SourceItem<Record>?) { self.next = next }

  /// Reads each row of a query by `read`; a fault of a row is told and the rest goes on.
  init(
    _ rows: any SourceRows, row name: @escaping (SourceRow, Int) -> String,
    _ read: @escaping (SourceRow, String) throws(RowFault) -> Record
  ) {
    var number = 0
    next = {
      guard let row = try rows.next() else { return nil }
      number += 1
      let name = name(row, number)
      do throws(RowFault) { return .record(try read(row, name)) } catch {
        return .faulty(row: name, reason: error.reason)
      }
    }
  }
}
