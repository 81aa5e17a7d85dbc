// Programs that run beside the terminal: started by a client, outliving it, ended by whoever asks or with
// the desk.
//
// What they print is read at once, so that they never wait for a reader, and kept within bounds
// (OutputLog). Each leads a session of its own; with the mark in its environment all that comes from it can
// be found, also what has made itself a daemon.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "core/clock.hpp"
#include "desk/background/output_log.hpp"
#include "desk/processes/child_end.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::background {

using async::Task;

struct BackgroundWish {
    std::string command;
    std::string folder;
    std::vector<std::string> environment;  ///< "NAME=value"
    bool has_input = false;                ///< a pipe that clients write to; else /dev/null
};

/// One program. Every change is announced on `changed`.
struct BackgroundProcess {
    using Descriptor = boost::asio::posix::stream_descriptor;
    static constexpr std::size_t kept_per_stream = std::size_t{4} << 20;

    struct Stream {
        explicit Stream(const async::Executor& executor) : reader{executor} {}
        Descriptor reader;
        OutputLog log{kept_per_stream};
        bool has_ended = false;  ///< nobody has it open for writing any more
    };

    BackgroundProcess(const async::Executor& executor, std::string name, BackgroundWish wanted);

    std::string id;
    BackgroundWish wish;
    std::string mark;  ///< "DESK_PROCESS=…", random
    pid_t process = 0;
    core::Instant started = core::SystemClock{}.now();
    core::Instant ended;
    std::optional<processes::ChildEnd> end;
    Stream output;
    Stream errors;
    std::optional<Descriptor> input;
    bool is_being_written = false;  ///< one writer at a time has the input
    Descriptor handle;
    async::Gate changed;
    async::Scope scope;
};

using SharedProcess = std::shared_ptr<BackgroundProcess>;

class Background {
public:
    static constexpr std::size_t most_running = 32;
    static constexpr std::size_t most_finished = 32;
    /// Of all that is kept of outputs. Beyond, who has most loses its oldest.
    static constexpr std::size_t most_kept = std::size_t{64} << 20;

    Background(async::Executor executor, async::Pool& pool, std::string home, std::string bash = "/bin/bash");

    /// `id` may be empty. Throws Error{conflict} when it is taken, Error{unavailable,
    /// "too_many_processes"}, and what spawn_child throws.
    SharedProcess start(std::string id, BackgroundWish wish);
    /// Throws Error{not_found}.
    SharedProcess get(const std::string& id) const;
    const std::list<SharedProcess>& all() const { return all_; }

    struct Written {
        std::size_t count = 0;
        std::string refusal;  ///< why not all of it; empty: it was all
    };
    /// Gives `bytes` to the program as it takes them, after other writers, for `limit` at most; then, with
    /// `is_end`, the end of its input. Throws Error{conflict, "no_input"} when it has no input (any more).
    Task<Written> write(SharedProcess process, std::string bytes, bool is_end, async::Duration limit);
    /// To all that comes from it; how many there were. Also after its own end.
    Task<int> signal(SharedProcess process, int number);
    /// Forgets one that has ended. Throws Error{conflict} while it runs.
    Task<> remove(SharedProcess process);
    /// Kills all, and waits until they are gone.
    Task<> close();

    const std::string& home() const { return home_; }

private:
    void make_room();
    std::size_t read_once(BackgroundProcess& process, BackgroundProcess::Stream& stream);
    Task<> follow(SharedProcess process, BackgroundProcess::Stream& stream);
    Task<> await_end(SharedProcess process);
    Task<> forget(SharedProcess process);
    void keep_within_bounds();

    async::Executor executor_;
    async::Pool& pool_;
    std::string home_;
    std::string bash_;
    std::list<SharedProcess> all_;  ///< in the order of their start
    bool is_closed_ = false;
    async::Scope scope_;
};

/// Ends what a tool server before this one has started and nobody can reach any more; how many they were.
/// Before anything is started. Blocks while it reads /proc.
int end_forgotten_processes();

/// terminal/process/…
std::vector<rest::Binding> bind_background(Background& background);

}  // namespace carrel::desk::background
