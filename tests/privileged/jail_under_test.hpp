// A real carrel-jail with a data directory of its own and a tiny image.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/wire/messages.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::test {

/// An answer and the descriptors that came with it.
struct Reply {
    jail::wire::Answer answer;
    core::Fd process;
    core::Fd memory;
    core::Fd processes;
    core::Fd disk;
    core::Fd workspace;
};

/// What a desk holds of something that the kernel counts, for as long as this lives.
struct Held {
    unsigned long long count;
    std::string refusal;  ///< the errno's name, "enough", or "killed" for lack of memory
    core::Fd connection;
};

class JailUnderTest {
public:
    /// What to refuse the jail, so that it must do without (see refuse_newer_calls, refuse_loops).
    enum class Kernel { own, debian_12, without_loops };

    /// `options`: words for the jail beside those that every one needs.
    explicit JailUnderTest(Kernel kernel = Kernel::own, std::vector<std::string> options = {});
    /// Ends the jail, kills what is left and removes the data directory.
    ~JailUnderTest();
    JailUnderTest(const JailUnderTest&) = delete;
    JailUnderTest& operator=(const JailUnderTest&) = delete;

    /// A spec of a new desk with its own slot, small and without network.
    jail::wire::Spec spec();
    Reply ask(jail::wire::What what);
    Reply ask_text(const std::string& text);
    /// Sends without waiting; the number to expect.
    std::uint64_t send(jail::wire::What what);
    Reply receive();
    /// Starts a desk and fails the test when that fails.
    Reply start(const jail::wire::Spec& spec);
    void stop(const std::string& id);

    /// kill -9 and a new jail on the same data.
    void restart();
    /// A new jail on the same data, which the caller talks to alone.
    core::Fd restart_for_driver();
    /// Closes the socket and waits for the jail's end; its exit status.
    int end();

    /// Runs a line of the probe's in the desk; its whole answer.
    std::string run(const std::string& id, const std::string& line);
    std::string shell(const std::string& id, const std::string& command) { return run(id, "sh " + command); }
    std::string call(const std::string& id, const std::string& name) { return run(id, "call " + name); }
    /// Fills so many megabytes of the desk's memory, which stay taken in /dev/shm/big: "0\nstatus 0\n".
    /// "137\n…" when there are not as many; then what was filled is free again.
    std::string fill_memory(const std::string& id, int megabytes);
    /// Has the desk take as much of `what` as it gets, see probe_hold.
    Held hold(const std::string& id, const std::string& what);
    /// A connected socket to the desk's endpoint.
    core::Fd connect(const std::string& id);

    const std::string& data() const { return data_; }
    pid_t pid() const { return pid_; }

private:
    void launch();

    Kernel kernel_;
    std::vector<std::string> options_;
    std::string data_;
    std::uint32_t uid_base_;
    std::uint32_t next_slot_ = 0;
    std::uint64_t next_number_ = 1;
    core::Fd socket_;
    pid_t pid_ = -1;
    std::vector<std::string> started_;
};

/// `wanted`, or the hard limit RLIMIT_… of this process where that is less: the jail gives desks no more.
unsigned long long limited_to(int resource, unsigned long long wanted);

/// Long: an emulated machine that gives way to other work stands still for many seconds.
inline constexpr auto patience = std::chrono::seconds{120};

/// Waits until `condition` holds, looking every few milliseconds; false when patience ends.
bool eventually(const std::function<bool()>& condition);
bool is_readable(const core::Fd& fd, std::chrono::milliseconds limit);

}  // namespace carrel::test
