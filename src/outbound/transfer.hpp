// One outgoing transfer: a half that the loop touches, a half that the curl thread touches, and a
// count of bytes between them. Only curl_client uses it.
#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/gate.hpp"
#include "core/error.hpp"
#include "outbound/http_client.hpp"

namespace carrel::outbound {

/// What the loop knows of a transfer. Only the loop's thread touches it.
struct Arrival {
    explicit Arrival(async::Executor loop) : changed{std::move(loop)} {}

    async::Gate changed;
    bool has_head = false;
    int status = 0;
    net::Headers headers;
    std::deque<std::string> pieces;
    std::size_t taken = 0;  ///< bytes of the first piece that were read already
    bool is_over = false;
    std::optional<core::Error> failure;
};

/// Bytes that may wait for a slow reader; a paused transfer goes on below half of it.
constexpr std::size_t most_waiting = std::size_t{256} << 10;

/// Refuses a call that cannot be sent as it stands.
void check(const Call& call);

class Transfer : public std::enable_shared_from_this<Transfer> {
public:
    using Clock = std::chrono::steady_clock;

    Transfer(async::Executor loop, Call call);
    ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    // --- the curl thread's half ---
    CURL* handle() const { return easy_; }
    /// Ends it for the loop: with the error that belongs to `result`, if it is one.
    void finish(CURLcode result);
    void fail(core::Error error);
    /// Fails with Error{timeout} and answers true when nothing has moved for too long.
    bool check_silence(Clock::time_point now);
    /// When check_silence must be asked again.
    Clock::time_point silent_at() const { return last_moved_ + call_.patience.silence; }
    void resume();

    // --- the loop's half ---
    Arrival arrival;
    /// Reads waiting bytes; true when the curl thread should be told to resume().
    bool take(std::span<char> into, std::size_t& count);

private:
    static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
    void set_up();
    bool read_header(std::string_view line);
    void hand_over_head();
    template <class Change>
    void tell_loop(Change change);
    core::Error error_of(CURLcode result) const;

    const async::Executor loop_;
    const Call call_;
    const std::string host_;
    std::atomic<std::size_t> waiting_{0};

    CURL* easy_ = nullptr;
    curl_slist* lines_ = nullptr;
    net::Headers incoming_;
    std::size_t header_bytes_ = 0;
    bool has_head_ = false;
    bool is_paused_ = false;
    std::optional<core::Error> refusal_;
    curl_off_t moved_ = 0;
    Clock::time_point last_moved_ = Clock::now();
    std::array<char, CURL_ERROR_SIZE> detail_{};
};

}  // namespace carrel::outbound
