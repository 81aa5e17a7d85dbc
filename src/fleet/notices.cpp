#include "fleet/notices.hpp"

#include <algorithm>
#include <array>

#include "core/desk_shape.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/plain_text.hpp"
#include "json/parse.hpp"
#include "net/sse.hpp"
#include "ops/internal.hpp"

namespace carrel::fleet {

namespace {

using namespace std::chrono_literals;

struct Sentence {
    std::string_view code;
    std::string_view text;
};

constexpr std::array sentences{
    Sentence{"display_restarted",
             "The desk's display broke down and was started again; windows that were open are gone."},
    Sentence{"window_manager_restarted", "The desk's window manager broke down and was started again."},
    Sentence{"tool_server_restarted",
             "The desk's tool server broke down and was started again; calls under way then have failed, and "
             "what terminal/process/start had started has ended."},
};

constexpr std::string_view notification_code = "notification";
constexpr std::string_view screen_code = "screen";
/// A notification's texts, with each character as six bytes of JSON.
constexpr std::size_t most_event_bytes = 16 * 1024;
constexpr std::chrono::milliseconds shortest_pause = 250ms;
constexpr std::chrono::milliseconds longest_pause = 30s;

/// The line of an event, if it tells anything that the log may have.
std::optional<Notice> notice_of(const net::SseEvent& event) {
    if (event.event == notification_code) {
        auto notification = parse_notification(event.data);
        if (!notification) return std::nullopt;
        return Notice{event.event, {}, std::move(notification)};
    }
    if (event.event == screen_code) {
        const auto screen = parse_screen(event.data);
        if (!screen) return std::nullopt;
        return Notice{event.event, {}, {}, screen};
    }
    const auto text = sentence_for(event.event);
    if (text.empty()) return std::nullopt;
    return Notice{event.event, std::string{text}};
}

/// One connection, until it ends or breaks; whether there was one at all.
Task<bool> read_notices(net::Handler& endpoint, const std::function<void(Notice)>& tell) {
    net::Request request;
    net::set_target(request, std::string{ops::internal::notices});
    request.headers.add("Accept", "text/event-stream");
    request.body = net::make_source("");
    request.body_length = 0;
    const auto response = co_await endpoint.handle(request);
    auto* source = response.source();
    if (response.status != 200 || !source) co_return false;
    net::SseParser parser{most_event_bytes};
    std::array<char, 4096> buffer;
    while (const auto count = co_await source->read(buffer)) {
        if (const auto taken = parser.push({buffer.data(), count}); !taken) throw taken.error();
        while (const auto event = parser.pop())
            if (auto notice = notice_of(*event)) tell(std::move(*notice));
    }
    co_return true;
}

}  // namespace

std::string_view sentence_for(std::string_view code) {
    const auto found = std::ranges::find(sentences, code, &Sentence::code);
    return found == sentences.end() ? std::string_view{} : found->text;
}

std::optional<Notification> parse_notification(std::string_view data) {
    const auto value = json::parse(data, 2);
    if (!value || !value->is_object()) return std::nullopt;
    const auto text = [&](std::string_view name) { return json::text_or(*value, name); };
    Notification notification{core::plain_text(text("app"), 100, false),
                              core::plain_text(text("summary"), 300, false),
                              core::plain_text(text("body"), 2000, true), "normal"};
    for (const std::string_view urgency : {"low", "critical"})
        if (text("urgency") == urgency) notification.urgency = urgency;
    if (notification.summary.empty() && notification.body.empty()) return std::nullopt;
    return notification;
}

std::optional<ScreenSize> parse_screen(std::string_view data) {
    const auto value = json::parse(data, 2);
    if (!value || !value->is_object()) return std::nullopt;
    const auto side = [&](std::string_view name, int least, int most) {
        const auto* number = json::find(*value, name);
        const auto pixels = number && number->is_int64() ? number->get_int64() : 0;
        return pixels >= least && pixels <= most ? static_cast<int>(pixels) : 0;
    };
    const ScreenSize size{side("width", core::smallest_width, core::largest_width),
                          side("height", core::smallest_height, core::largest_height)};
    if (size.width == 0 || size.height == 0) return std::nullopt;
    return size;
}

bool NoticeLimit::admits(Time now) {
    while (!admitted_.empty() && now - admitted_.front() >= window_) admitted_.pop_front();
    if (admitted_.size() >= most_) return false;
    admitted_.push_back(now);
    return true;
}

Task<> follow_notices(std::shared_ptr<net::Handler> endpoint, std::function<void(Notice)> tell) {
    // A tool server that was restarted takes the connection as soon as it is back; the growing pause is
    // for one that cannot.
    auto wait = shortest_pause;
    while (true) {
        bool was_open = false;
        try {
            was_open = co_await read_notices(*endpoint, tell);
        } catch (const core::Error& error) {
            core::log_debug("notices of a desk broke off: {}", error.message());
        }
        wait = was_open ? shortest_pause : std::min(wait * 2, longest_pause);
        co_await async::pause(wait);
    }
}

}  // namespace carrel::fleet
