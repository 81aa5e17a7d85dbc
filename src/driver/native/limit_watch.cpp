#include "driver/native/limit_watch.hpp"

#include <unistd.h>

#include <array>
#include <utility>

namespace carrel::driver::native {

namespace {

using boost::asio::use_awaitable;
using Descriptor = boost::asio::posix::stream_descriptor;

/// Between two looks at a counter of which nothing tells: a look takes microseconds.
constexpr std::chrono::seconds between_looks{2};

/// All desks' looks fall on the same moment: however many they are, they wake the server once.
std::chrono::steady_clock::duration until_next_look() {
    return between_looks - std::chrono::steady_clock::now().time_since_epoch() % between_looks;
}

}  // namespace

LimitWatch::LimitWatch(async::Executor executor, jail::wire::GroupWatch how, core::Fd watched,
                       std::string key)
    : how_{watched ? how : jail::wire::GroupWatch::none}, watched_{executor}, key_{std::move(key)} {
    if (how_ == jail::wire::GroupWatch::none) return;
    watched_.assign(watched.release());
    forget();
}

Task<bool> LimitWatch::is_met() {
    if (how_ == jail::wire::GroupWatch::none) co_return false;
    if (how_ == jail::wire::GroupWatch::eventfd) {
        co_await watched_.async_wait(Descriptor::wait_read, use_awaitable);
        std::uint64_t count = 0;
        co_return ::read(watched_.native_handle(), &count, sizeof count) == sizeof count;
    }
    while (true) {
        const auto now = read();
        if (!now) co_return false;
        if (std::exchange(known_, now) != now) co_return true;
        // Such a file tells of much else, too.
        if (how_ == jail::wire::GroupWatch::events)
            co_await watched_.async_wait(Descriptor::wait_error, use_awaitable);
        if (how_ == jail::wire::GroupWatch::counter) co_await async::pause(until_next_look());
    }
}

void LimitWatch::forget() {
    if (how_ != jail::wire::GroupWatch::eventfd) known_ = read();
}

/// Reading the whole of the file also says to the kernel that we know what it holds.
std::optional<std::uint64_t> LimitWatch::read() {
    std::array<char, 512> text;
    const auto count = ::pread(watched_.native_handle(), text.data(), text.size(), 0);
    if (count <= 0) return std::nullopt;
    return jail::wire::number_in({text.data(), static_cast<std::size_t>(count)}, key_);
}

}  // namespace carrel::driver::native
