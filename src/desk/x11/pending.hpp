// Requests to the display whose answers are fetched later, so that many are on their way at once.
#pragma once

#include <string_view>
#include <utility>

#include "desk/x11/connection.hpp"

namespace carrel::desk::x11 {

/// One such request. `connection` must outlive it.
template <class T>
class Pending {
public:
    Pending(Connection& connection, unsigned sequence) : connection_{&connection}, sequence_{sequence} {}
    Pending(Pending&& other) noexcept
        : connection_{other.connection_}, sequence_{std::exchange(other.sequence_, 0)} {}
    Pending& operator=(Pending&&) = delete;
    ~Pending() {
        // libxcb would keep an answer that nobody fetches for ever.
        if (sequence_ != 0) xcb_discard_reply(connection_->raw(), sequence_);
    }

    /// The answer, once; null when the display refuses: what was asked about is gone. Throws
    /// display_is_gone.
    Task<Answer<T>> take(std::string_view what) {
        try {
            co_return co_await connection_->answer<T>(std::exchange(sequence_, 0), what);
        } catch (const core::Error& error) {
            if (error.code() != core::Code::internal) throw;
        }
        co_return nullptr;
    }

private:
    Connection* connection_;
    unsigned sequence_;
};

}  // namespace carrel::desk::x11
