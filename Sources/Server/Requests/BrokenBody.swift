/// The body could not be read to its end: the connection's business, not the route's.
struct BrokenBody: Error {
  let cause: any Error
}
