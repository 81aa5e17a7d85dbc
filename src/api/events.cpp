#include "api/events.hpp"

#include <algorithm>
#include <chrono>

#include "api/following.hpp"
#include "api/service_binding.hpp"
#include "api/views.hpp"
#include "core/text.hpp"
#include "net/sse.hpp"
#include "ops/server.hpp"
#include "rest/requests.hpp"

namespace carrel::api {

namespace {

using net::Request;
using net::Response;
using session::SessionService;
using namespace std::chrono_literals;

/// The contract asks for one in 30 s; proxies cut idle streams after 60.
constexpr auto keep_alive_every = 15s;

/// An event stream that never ends by itself, except when the log is closed.
class EventStream final : public net::Source {
public:
    /// `use`: held as long as somebody reads it.
    EventStream(store::EventFollower follower, std::shared_ptr<void> use)
        : follower_{std::move(follower)}, use_{std::move(use)} {}

    Task<std::size_t> read(std::span<char> into) override {
        if (waiting_.empty()) co_await fill();
        const auto count = std::min(into.size(), waiting_.size());
        std::copy_n(waiting_.begin(), count, into.begin());
        waiting_.erase(0, count);
        co_return count;
    }

private:
    Task<> fill() {
        if (has_ended_) co_return;
        if (const auto event = co_await follower_.next_for(keep_alive_every)) {
            waiting_ = net::sse_frame(static_cast<std::uint64_t>(event->seq), event->name, event->data);
        } else if (follower_.is_closed()) {
            has_ended_ = true;
            waiting_ = net::sse_frame(std::nullopt, "closed", "{}");
        } else {
            waiting_ = net::sse_frame(std::nullopt, "keepalive", "{}");
        }
    }

    store::EventFollower follower_;
    std::shared_ptr<void> use_;
    /// What the reader has not taken yet; first the browser's pause before it connects again.
    std::string waiting_ = "retry: 2000\n\n";
    bool has_ended_ = false;
};

/// Where the client left off: the header that browsers send when they come back goes before the query.
std::optional<std::int64_t> last_event(const Request& request) {
    if (const auto header = request.headers.find("Last-Event-ID"))
        if (const auto number = core::parse_unsigned(*header); number && *number < (1ull << 62))
            return static_cast<std::int64_t>(*number);
    return rest::decode_query(request, ops::follow_events_shape()).last_event_id;
}

Task<Response> stream(SessionService& service, Request& request, Principal principal) {
    const auto after = last_event(request);
    const auto id = request.parameters.at("id");
    auto follower = co_await service.follow(std::move(principal), id, after);
    auto use = service.uses().enter(id);
    co_return net::stream_response(200,
                                   {{"Content-Type", "text/event-stream"},
                                    {"Cache-Control", "no-cache, no-transform"},
                                    {"X-Accel-Buffering", "no"}},
                                   std::make_unique<EventStream>(std::move(follower), std::move(use)));
}

Task<Response> list(SessionService& service, Request& request, Principal principal) {
    const auto asked = rest::decode_query(request, ops::list_events_shape());
    const auto events = co_await service.events_after(std::move(principal), request.parameters.at("id"),
                                                      asked.after, asked.limit);
    std::string body = R"({"events":[)";
    for (const auto& event : events) {
        if (body.back() != '[') body += ',';
        body += to_json_text(event);
    }
    co_return net::json_response(200, body + "]}");
}

Task<Response> blob(SessionService& service, Request& request, Principal principal) {
    auto found = co_await service.blob(std::move(principal), request.parameters.at("id"),
                                       request.parameters.at("hash"));
    // A blob's name is its content's digest: it never changes.
    co_return Response{.headers = {{"Content-Type", found.media_type},
                                   {"Cache-Control", "private, max-age=31536000, immutable"},
                                   {"Content-Security-Policy", "sandbox; default-src 'none'"}},
                       .body = std::move(found.bytes)};
}

}  // namespace

std::vector<Binding> event_bindings(SessionService& service) {
    const auto with = [&service](std::string_view name, ServiceFunction function) {
        return service_binding(service, name, function);
    };
    return {with("events/list", list), with("events/stream", stream), following_binding(service),
            with("blobs/get", blob)};
}

}  // namespace carrel::api
