#include "desk/terminal/capture.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::desk::terminal {

using core::checked;

namespace {

constexpr std::size_t kept_limit = 4096;
/// A job that prints without end is read this fast at most, so that it costs next to nothing here.
constexpr std::size_t burst = std::size_t{1} << 20;
constexpr auto pause_after_burst = std::chrono::milliseconds{100};

/// The loop's one buffer for reading: nothing else runs between a read and its `take`.
std::array<char, 65536>& buffer() {
    static std::array<char, 65536> bytes;
    return bytes;
}

core::Fd make_pipe(const std::string& path) {
    ::unlink(path.c_str());
    checked("make a pipe at " + path, ::mkfifo(path.c_str(), 0600));
    return core::open_file(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
}

core::Fd open_guard(const std::string& path) {
    return core::Fd{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
}

}  // namespace

Capture::Capture(async::Executor executor, std::string path)
    : path_{std::move(path)},
      reader_{std::move(executor), make_pipe(path_).release()},
      guard_{open_guard(path_)} {
    checked("open " + path_, guard_.get());
    struct stat facts{};
    checked("look at " + path_, ::fstat(guard_.get(), &facts));
    inode_ = facts.st_ino;
}

bool Capture::is_in_place() const {
    struct stat facts{};
    return ::lstat(path_.c_str(), &facts) == 0 && S_ISFIFO(facts.st_mode) && facts.st_ino == inode_ && guard_;
}

Task<> Capture::wait_readable() {
    co_await reader_.async_wait(boost::asio::posix::stream_descriptor::wait_read, boost::asio::use_awaitable);
}

Capture::Outcome Capture::read_once(const Take& take) {
    auto& bytes = buffer();
    const auto count = ::read(reader_.native_handle(), bytes.data(), bytes.size());
    if (count == 0) return Outcome::ended;
    if (count < 0) return Outcome::nothing;
    take({bytes.data(), static_cast<std::size_t>(count)});
    return Outcome::took;
}

void Capture::drain(const Take& take) {
    int waiting = 0;
    if (::ioctl(reader_.native_handle(), FIONREAD, &waiting) != 0) return;
    auto rest = static_cast<std::size_t>(std::max(waiting, 0));
    while (rest > 0) {
        std::size_t count = 0;
        const auto counted = [&](std::string_view bytes) {
            count = bytes.size();
            take(bytes);
        };
        if (read_once(counted) != Outcome::took) return;
        rest -= std::min(rest, count);
    }
}

bool Capture::has_writers(const Take& take) {
    guard_.reset();
    if (read_once(take) != Outcome::ended) return true;
    guard_ = open_guard(path_);
    return false;
}

void LateOutput::adopt(std::shared_ptr<Capture> capture) {
    // Whoever followed it so far stops.
    capture->cancel();
    capture->let_end();
    scope_.start("reading a background job's output", follow(std::move(capture)));
}

void LateOutput::add(std::string_view bytes) {
    if (bytes.size() > kept_limit) bytes.remove_prefix(bytes.size() - kept_limit);
    kept_ += bytes;
    if (kept_.size() > kept_limit) kept_.erase(0, kept_.size() - kept_limit);
}

std::string LateOutput::take() { return core::repair_utf8(std::exchange(kept_, {})); }

Task<> LateOutput::follow(std::shared_ptr<Capture> capture) {
    std::size_t in_burst = 0;
    const auto keep = [&](std::string_view bytes) {
        add(bytes);
        in_burst += bytes.size();
    };
    while (true) {
        co_await capture->wait_readable();
        if (capture->read_once(keep) == Capture::Outcome::ended) co_return;
        if (in_burst < burst) continue;
        in_burst = 0;
        co_await async::pause(pause_after_burst);
    }
}

}  // namespace carrel::desk::terminal
