import CardeaTestSupport
import Foundation
import Testing

#if os(Linux)
  /// A program that has done its work ends well, whatever its libraries do when a process ends: a thread that still closes a
  /// connection must not meet a library that has taken its state away.
  @Suite struct ExitTests {
    /// A library that, loaded before others, ends the process by a fault when it exits.
    private static let source = """
      #include <signal.h>
      #include <stdlib.h>

      static void fault(void) { raise(SIGSEGV); }

      __attribute__((constructor)) static void begin(void) { atexit(fault); }
      """

    @Test func noLibraryCleansUpUnderThreadsThatRun() throws {
      let program = try CardeaProgram()
      let library = program.path("fault-at-exit.so")
      try Tool.run(
        "clang", ["-shared", "-fPIC", "-x", "c", "-", "-o", library], input: Self.source)
      let environment = ["LD_PRELOAD": library, "SWIFT_BACKTRACE": "enable=no"]
      let store = ["--store", "sqlite:keys.sqlite3"]
      let initialised = try program.run(["init"] + store, environment: environment)
      #expect(initialised.status == 0)
      // Nothing that was written is lost with it.
      #expect(initialised.lines.first?.hasPrefix("tok_") == true)
      #expect(
        try program.run(["keys", "show", "tok_no"] + store, environment: environment).status == 1)
      let server = try RunningServer(program, store, environment: environment)
      #expect(server.stop() == 0)
    }
  }
#endif
