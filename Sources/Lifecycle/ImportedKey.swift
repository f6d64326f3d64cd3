/// A key of another system, ready to be kept.
package struct ImportedKey: Sendable {
  let change: PreparedChange
}
