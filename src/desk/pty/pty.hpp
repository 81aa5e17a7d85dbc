// A pseudo-terminal with a program in it, and the end of both.
//
// The program is the leader of a session of its own. Its end is that of the terminal: what it has printed
// can still be read, then reading ends. hang_up() ends it from our side, as closing a terminal's window
// does: SIGHUP to the session, and SIGKILL to who is still there after a moment. Either way nothing of the
// session is left, but for programs that have made a session of their own (setsid).
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "async/gate.hpp"
#include "async/run_on.hpp"
#include "core/clock.hpp"
#include "desk/processes/child_end.hpp"
#include "desk/spawn/pty.hpp"

namespace carrel::desk::pty {

using async::Task;

struct PtyWish {
    std::string command;  ///< for bash; empty: an interactive login shell
    std::string folder;
    spawn::PtySize size;
    std::string bash = "/bin/bash";
};

class Pty {
public:
    /// Starts the program. Throws when that fails; see spawn_child. live() must run then, to the end.
    Pty(async::Executor executor, async::Pool& pool, std::string id, PtyWish wish);

    /// What the program prints: at least one byte, as many as are there; 0 after its end. A caller that
    /// does not read stops the program.
    Task<std::size_t> read(std::span<char> into);
    /// Gives the program input, as it takes it; false when it has ended.
    Task<bool> write(std::string_view bytes);
    /// While held, nothing is read: a program that prints waits.
    void hold(bool is_held);

    void resize(spawn::PtySize size);
    /// To what runs in the foreground.
    void signal(int number);
    /// What the terminal takes for the end of input now (^D, unless the program has changed it).
    std::string end_of_input() const;

    void hang_up();
    /// Waits for the end, by itself or by hang_up(), and clears up after it.
    Task<> live();

    const std::string& id() const { return id_; }
    const std::string& command() const { return wish_.command; }
    spawn::PtySize size() const { return wish_.size; }
    pid_t process() const { return process_; }
    core::Instant started() const { return started_; }
    /// How the program ended; waits for it.
    Task<processes::ChildEnd> end();

private:
    Task<> await_end();

    async::Pool& pool_;
    std::string id_;
    PtyWish wish_;
    boost::asio::posix::stream_descriptor master_;
    boost::asio::posix::stream_descriptor handle_;
    async::Gate changed_;
    pid_t process_ = 0;
    core::Instant started_ = core::SystemClock{}.now();
    std::optional<processes::ChildEnd> end_;
    std::size_t read_since_end_ = 0;
    bool is_held_ = false;
    bool is_hung_up_ = false;
};

}  // namespace carrel::desk::pty
