#include "api/following.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "api/service_binding.hpp"
#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "json/parse.hpp"
#include "net/sse.hpp"
#include "ops/server.hpp"
#include "rest/requests.hpp"

namespace carrel::api {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_followed = 64;
constexpr std::uint64_t largest_number = std::uint64_t{1} << 62;
/// As often as a single session's stream is kept alive.
constexpr auto quiet_at_most = 15s;
/// Bytes that wait for a slow reader; each log keeps its next event back meanwhile.
constexpr std::size_t most_waiting = std::size_t{64} << 10;

/// What the logs have ready for the stream's reader.
struct Outlet {
    explicit Outlet(async::Executor executor) : changed{std::move(executor)} {}
    /// First the browser's pause before it connects again.
    std::string waiting = "retry: 2000\n\n";
    std::size_t open = 0;  ///< logs that have not ended
    async::Gate changed;
};

std::string followed_frame(const std::string& id, const store::Event& event) {
    const auto data =
        fmt::format(R"({{"session_id":{},"seq":{},"event":{},"data":{}}})", json::to_text(json::Value(id)),
                    event.seq, json::to_text(json::Value(event.name)), event.data);
    return net::sse_frame(std::nullopt, "event", data);
}

std::string closed_frame(const std::string& id) {
    return net::sse_frame(std::nullopt, "closed", json::to_text(json::Object{{"session_id", id}}));
}

/// One log into the outlet, until it is closed or cannot be read, which the client is told as well.
Task<> pour(std::shared_ptr<Outlet> outlet, std::string id, store::EventFollower follower) {
    try {
        while (const auto event = co_await follower.next()) {
            while (outlet->waiting.size() > most_waiting) co_await outlet->changed.wait();
            outlet->waiting += followed_frame(id, *event);
            outlet->changed.notify_all();
        }
    } catch (const core::Error& error) {
        core::log_warning("events of {} cannot be read: {}", id, error.message());
    }
    outlet->waiting += closed_frame(id);
    --outlet->open;
    outlet->changed.notify_all();
}

/// An event stream that ends when its last log is closed.
class JoinedStream final : public net::Source {
public:
    explicit JoinedStream(async::Executor executor)
        : outlet_{std::make_shared<Outlet>(executor)}, scope_{std::move(executor)} {}

    void add(const std::string& id, store::EventFollower follower) {
        ++outlet_->open;
        scope_.start("following a session", pour(outlet_, id, std::move(follower)));
    }
    /// For a session that there is not, or no more.
    void add_closed(const std::string& id) { outlet_->waiting += closed_frame(id); }

    Task<std::size_t> read(std::span<char> into) override {
        const auto outlet = outlet_;
        const auto end = std::chrono::steady_clock::now() + quiet_at_most;
        while (outlet->waiting.empty() && outlet->open > 0)
            if (!co_await outlet->changed.wait_for(end - std::chrono::steady_clock::now()) &&
                outlet->waiting.empty())
                outlet->waiting = net::sse_frame(std::nullopt, "keepalive", "{}");
        const auto count = std::min(into.size(), outlet->waiting.size());
        std::copy_n(outlet->waiting.begin(), count, into.begin());
        outlet->waiting.erase(0, count);
        outlet->changed.notify_all();
        co_return count;
    }

private:
    std::shared_ptr<Outlet> outlet_;
    /// Its tasks own all they use, so that the end of the stream may leave their end to the loop.
    async::Scope scope_;
};

Task<net::Response> follow_several(session::SessionService& service, net::Request& request,
                                   Principal principal) {
    const auto asked = parse_followed(rest::decode_query(request, ops::follow_several_shape()).sessions);
    if (!asked) throw rest::unprocessable({"sessions"}, asked.error().message());
    auto joined = std::make_unique<JoinedStream>(co_await boost::asio::this_coro::executor);
    for (const auto& [id, after] : *asked) {
        try {
            joined->add(id, co_await service.follow(principal, id, after));
        } catch (const core::Error& error) {
            // One that was deleted meanwhile must not keep the others from being followed.
            if (error.code() != core::Code::not_found) throw;
            joined->add_closed(id);
        }
    }
    co_return net::stream_response(200,
                                   {{"Content-Type", "text/event-stream"},
                                    {"Cache-Control", "no-cache, no-transform"},
                                    {"X-Accel-Buffering", "no"}},
                                   std::move(joined));
}

}  // namespace

core::Expected<std::vector<Followed>> parse_followed(std::string_view text) {
    std::vector<Followed> all;
    for (const auto item : core::split(text, ',')) {
        const auto colon = item.find(':');
        Followed one{.session_id = std::string{item.substr(0, colon)}};
        if (one.session_id.empty())
            return core::refuse("name sessions by their ids, with commas between them: sess_a:12,sess_b");
        if (std::ranges::find(all, one.session_id, &Followed::session_id) != all.end())
            return core::refuse(fmt::format("\"{}\" stands twice; give it once", one.session_id));
        if (colon != std::string_view::npos) {
            const auto number = core::parse_unsigned(item.substr(colon + 1));
            if (!number || *number >= largest_number)
                return core::refuse(fmt::format(
                    "behind \"{}:\" stands the number of its last event that you have", one.session_id));
            one.after = static_cast<std::int64_t>(*number);
        }
        all.push_back(std::move(one));
    }
    if (all.size() > most_followed)
        return core::refuse(fmt::format("{} sessions are too many: at most {}", all.size(), most_followed));
    return all;
}

Binding following_binding(session::SessionService& service) {
    return service_binding(service, "events/follow", follow_several);
}

}  // namespace carrel::api
