// What lies below a directory, one thing after another: each directory before what it holds, names in order.
// Links are not followed, so there are no loops. Directories are held open on the way down: what somebody
// exchanges for a link meanwhile leads nowhere else.
//
// Blocks for as long as the disk does: for the pool, in slices (run_in_slices).
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/run_on.hpp"
#include "core/error.hpp"
#include "core/fd.hpp"

namespace carrel::desk::files {

/// Levels of folders that are walked or changed: a descriptor is held for each on the way down.
constexpr std::size_t deepest = 256;
/// Names that a walk holds at once: those of the directories on the way down.
constexpr std::size_t most_names = 200'000;

using async::Task;

struct Walked {
    std::string path;     ///< below the top: "a/b"
    std::size_t name_at;  ///< where in `path` the name begins
    int folder;           ///< the open directory that holds it; until the next step
    struct stat facts;    ///< of itself, not of what a link points at

    std::string name() const { return path.substr(name_at); }
};

class Walk {
public:
    struct Options {
        std::size_t depth = 256;  ///< levels; 1 is what the directory itself holds
        bool hidden = true;       ///< whether names that begin with a dot are met
        /// Whether a directory ("a/b") is gone into; always when there is none.
        std::function<bool(std::string_view)> enters;
        /// Hears of each directory (the top is "") when it is open and not yet read. One that it throws
        /// for is not read: it could not be opened.
        std::function<void(std::string_view path, int folder)> opened;
        /// Hears of each directory that could not be opened or read, and, for each such name, of one that
        /// holds what cannot be looked at.
        std::function<void(std::string_view path, const core::Error& why)> failed;
    };

    /// Throws when `top` is no directory that can be read.
    Walk(const std::string& top, Options options);
    /// From a directory that is open for reading.
    Walk(core::Fd top, Options options);

    std::optional<Walked> next();

    /// What was gone when its turn came.
    std::size_t vanished() const { return vanished_; }
    /// Directories and names that may not be looked at. What is gone when its turn comes is passed over: it
    /// might as well have gone before.
    std::size_t unreadable() const { return unreadable_; }
    /// The first of them, below the top.
    const std::string& first_unreadable() const { return first_unreadable_; }
    /// Whether something was left out: more than `most_names` at once, or more levels than are walked.
    bool is_cut() const { return is_cut_; }

private:
    struct Frame {
        core::Fd folder;
        std::vector<std::string> names;  ///< in order
        std::size_t next = 0;
        std::size_t path_size = 0;
    };

    void enter(core::Fd folder);
    void go_into(const Walked& found);
    void note_unreadable(std::string_view path);

    Options options_;
    std::vector<Frame> frames_;
    std::string path_;
    std::optional<Walked> last_;
    std::size_t held_names_ = 0;
    std::size_t vanished_ = 0;
    std::size_t unreadable_ = 0;
    std::string first_unreadable_;
    bool is_cut_ = false;
};

/// The names in an open directory, in no order; at most `most` (`is_cut` then).
std::vector<std::string> read_names(int folder, std::size_t most, bool* is_cut = nullptr);

using Moment = std::chrono::steady_clock::time_point;
/// How long work holds a thread of the pool before others have their turn.
constexpr auto slice = std::chrono::milliseconds{10};

/// To the system, what of the heap is free, if that is much: what a long list has left lies in small pieces
/// between others, where the allocator would keep it.
void give_memory_back();

/// `made`, which will be ended by the pool wherever the last who holds it lets it go: a large file that is
/// dropped half done takes a while to remove. `pool` must outlive it.
template <class T>
std::shared_ptr<T> ended_by(async::Pool& pool, std::unique_ptr<T> made) {
    return {made.release(), [&pool](T* ended) {
                boost::asio::post(pool, [held = std::unique_ptr<T>{ended}]() mutable {
                    held.reset();
                    give_memory_back();
                });
            }};
}

/// Calls `work->run(until)` on the pool until it answers true: long work that holds up nothing else for
/// longer than a slice. What has failed has also been cleared up (`work->abandon()`, if it has that) when
/// this throws. Cancelled, it ends with the slice; the work's destructor clears up then.
template <class Work>
Task<> run_in_slices(async::Pool& pool, std::shared_ptr<Work> work) {
    std::exception_ptr failure;
    try {
        while (!co_await async::run_on(
            pool, [work] { return work->run(std::chrono::steady_clock::now() + slice); })) {
        }
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    if constexpr (requires { work->abandon(); }) co_await async::run_on(pool, [work] { work->abandon(); });
    std::rethrow_exception(failure);
}

}  // namespace carrel::desk::files
