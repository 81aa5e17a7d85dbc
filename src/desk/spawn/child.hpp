// What every child of carrel-desk does between fork and exec.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::desk::spawn {

/// When memory runs out, whom the kernel ends first: what agents and people run, then the display,
/// and the desk's own two programs last. Values for /proc/PID/oom_score_adj.
constexpr int display_score = 200;
constexpr int agents_score = 500;

/// How much what agents and people run gives way to the display, the window manager and the tool server when
/// the desk's share of the processors is used up (nice(2)): to each of these goes three times as much as to
/// one of those, so that a busy desk still shows and answers. No wall: who wants may go further back.
constexpr int agents_niceness = 5;

/// For the calling child, once: gives way by agents_niceness. Usable after fork, as the next one.
void give_way();

/// For the calling child: every signal by default, none blocked. Only async-signal-safe calls: usable after
/// fork in any program.
void reset_signals();

/// Gives a program its score. For its parent, once it runs: until it executes, a child holds a copy of its
/// parent's memory, so it stays closed to others of its user, and a process that is closed cannot set its
/// own. Without the score the program still runs.
void set_memory_score(pid_t process, int score);

/// What programs are told that run where nobody looks: to fail with a sentence, or to take the usual, instead
/// of asking. Lines of an environment; who gives them a variable of that name wins.
inline constexpr std::array<std::string_view, 4> unattended{
    "GIT_TERMINAL_PROMPT=0",           // git(1)
    "SSH_ASKPASS_REQUIRE=never",       // ssh(1): on the terminal, where it is seen, and in no window
    "DEBIAN_FRONTEND=noninteractive",  // debconf(7)
    "PIP_NO_INPUT=1",                  // pip(1)
};

/// program_environment() with `unattended`. Likewise.
char* const* unattended_environment();
/// Those of `unattended` that program_environment() does not set itself.
std::vector<std::string> unattended_lines();

/// environ without CARREL_*, and over it what the desk's owner has given: call before fork, in the parent,
/// and exec with it. Lives as long as the program.
char* const* program_environment();

/// A variable of this name with one of another's behind it is in environ for others to be given that one: the
/// desk's own programs neither obey nor search by what is meant for those that they start.
inline constexpr std::string_view given_prefix = "CARREL_GIVEN_";

/// From now on program_environment() has these lines ("NAME=value") too; they win. Where several threads run,
/// environ cannot be changed.
void give_environment(std::vector<std::string> lines);

}  // namespace carrel::desk::spawn
