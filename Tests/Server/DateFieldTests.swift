import Testing

@testable import CardeaServer

@Suite("the date of an answer")
struct DateFieldTests {
  @Test(arguments: [
    (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
    (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
    (1_798_761_600, "Fri, 01 Jan 2027 00:00:00 GMT"),
  ])
  func isWrittenAsRFC9110Says(_ second: Int64, _ text: String) {
    #expect(DateField.text(second) == text)
  }
}
