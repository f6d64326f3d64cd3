import HTTPTypes

/// Why the page did not do what it was asked, where the interface for programs knows no such case.
struct PageFault: Error, Sendable {
  let status: HTTPResponse.Status
  let title: String
  let detail: String

  static let notAForm = PageFault(
    status: .badRequest, title: "This is no form",
    detail: "What was sent is not what a browser makes of one of these forms.")
  static let otherOrigin = PageFault(
    status: .forbidden, title: "Not from this page",
    detail: "Forms are taken from this page itself only. Open the page anew and try again.")
  static let oldForm = PageFault(
    status: .forbidden, title: "This form is out of date",
    detail: "It belongs to a session that has ended. Open the page anew and try again.")
  static let sentBefore = PageFault(
    status: .conflict, title: "This form was sent before",
    detail: """
      Nothing was done now. What it did the first time stands, if it did anything: see whether it is in the list. \
      A token or secret is shown once and never again; if nobody has it, rotate it.
      """)
  static let otherHost = PageFault(
    status: .misdirectedRequest, title: "Not under this name",
    detail: """
      The page answers under IP addresses, localhost and the names in the setting page.hosts. If this name is \
      yours, add it there.
      """)
}
