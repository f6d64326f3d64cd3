#pragma once
// What a program asks callgrind to do. Outside of Valgrind, and where its headers are not, nothing happens.
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
static inline int callgrind_runs(void) { return RUNNING_ON_VALGRIND; }
static inline void callgrind_begin(void) { CALLGRIND_START_INSTRUMENTATION; CALLGRIND_ZERO_STATS; }
static inline void callgrind_end(const char *name) { CALLGRIND_DUMP_STATS_AT(name); CALLGRIND_STOP_INSTRUMENTATION; }
#else
static inline int callgrind_runs(void) { return 0; }
static inline void callgrind_begin(void) {}
static inline void callgrind_end(const char *name) { (void)name; }
#endif
