// What every child of carrel-desk does between fork and exec.
#pragma once

namespace carrel::desk::spawn {

/// When memory runs out, whom the kernel ends first: what agents and people run, then the display,
/// and the desk's own two programs last. Values for /proc/self/oom_score_adj.
constexpr int display_score = 200;
constexpr int agents_score = 500;

/// Makes the calling child an ordinary process: default signals, nothing blocked, its memory score,
/// and no trace of the desk's own environment (CARREL_*). The caller has placed its descriptors and
/// marked the rest close-on-exec. Only async-signal-safe calls: usable after fork in any program.
void become_program(int memory_score);

/// environ without CARREL_*; call before fork, in the parent, and exec with it. Lives as long as the
/// program.
char* const* program_environment();

}  // namespace carrel::desk::spawn
