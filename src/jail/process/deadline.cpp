#include "jail/process/deadline.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <time.h>

#include "core/sys.hpp"

namespace carrel::jail::process {

Deadline::Deadline(std::chrono::milliseconds limit)
    : limit_{limit}, end_{std::chrono::steady_clock::now() + limit} {}

std::chrono::milliseconds Deadline::left(std::string_view what) const {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    if (rest.count() <= 0)
        throw core::Error{core::Code::timeout,
                          fmt::format("{} took longer than {} ms", what, limit_.count())};
    return rest;
}

void Deadline::wait_for(int fd, short events, std::string_view what) const {
    while (true) {
        pollfd waiting{fd, events, 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(left(what).count()));
        if (ready > 0) return;
        if (ready < 0 && errno != EINTR) throw core::system_error("poll", errno);
    }
}

void Deadline::pause(std::string_view what) const {
    left(what);
    const timespec moment{0, 200'000};
    ::nanosleep(&moment, nullptr);
}

}  // namespace carrel::jail::process
