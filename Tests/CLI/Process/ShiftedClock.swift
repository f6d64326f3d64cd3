import CardeaTestSupport
import Foundation

/// A library that, loaded before others, sets the wall clock of one process ahead or behind, and no other clock.
///
/// libfaketime moves the deadlines of Dispatch's timers as well, which are not of the wall clock.
enum ShiftedClock {
  private static let source = """
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <sys/time.h>
    #include <time.h>
    #include <unistd.h>

    int clock_gettime(clockid_t clock, struct timespec *time) {
      int result = syscall(SYS_clock_gettime, clock, time);
      if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += atol(getenv("SHIFTED_CLOCK"));
      return result;
    }

    int gettimeofday(struct timeval *restrict time, void *restrict zone) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
      return 0;
    }

    time_t time(time_t *result) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (result) *result = now.tv_sec;
      return now.tv_sec;
    }
    """

  /// What a process needs in its environment.
  /// - Parameter folder: where the library is put.
  static func environment(seconds: Int, in folder: URL) throws -> [String: String] {
    let library = folder.appending(path: "shifted-clock.so").path
    try Tool.run("clang", ["-shared", "-fPIC", "-x", "c", "-", "-o", library], input: source)
    return ["LD_PRELOAD": library, "SHIFTED_CLOCK": "\(seconds)"]
  }
}
