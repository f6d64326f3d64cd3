import CardeaHTTPTypes

/// The HTTP contract's refusals and errors are those of the request adapter.
public typealias Problem = CardeaHTTPTypes.Problem
