#include "desk/notices/notices.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>

#include "async/deadline.hpp"
#include "core/sys.hpp"
#include "json/parse.hpp"
#include "net/sse.hpp"

namespace carrel::desk::notices {

namespace {

constexpr std::size_t kept = 16;
/// Init looks at all processes twice; a machine may be busy.
constexpr std::chrono::seconds ending_patience{10};
constexpr std::chrono::seconds renewing_patience{10};

Notice screen_notice(ScreenSize size) { return {"screen", {}, {}, size}; }

}  // namespace

std::optional<Notice> notice_of(char word) {
    switch (static_cast<init::Word>(word)) {
        case init::Word::display_restarted:
            return Notice{"display_restarted",
                          "The display ended and was started again; all windows are gone."};
        case init::Word::window_manager_restarted:
            return Notice{"window_manager_restarted",
                          "The window manager ended and was started again; windows are still there."};
        case init::Word::tool_server_restarted:
            return Notice{
                "tool_server_restarted",
                "The desk's tool server ended and was started again; windows and files are still there, "
                "the terminal is a new one, and background processes have ended."};
        case init::Word::message_bus_started:
        case init::Word::window_manager_ready:
        case init::Word::end_programs:
        case init::Word::programs_ended:
        case init::Word::give_environment:
        case init::Word::keep_lines:
        case init::Word::environment_given: break;
    }
    return std::nullopt;
}

/// The stream of one follower.
class Notices::Events final : public net::Source {
public:
    Events(Notices& notices) : notices_{notices}, follower_{notices.broadcast_.follow()} {
        ++notices_.followers_;
        if (notices_.screen_) text_ += frame(screen_notice(*notices_.screen_));
        for (const auto& notice : std::exchange(notices_.unheard_, {})) text_ += frame(notice);
    }
    ~Events() override { --notices_.followers_; }

    Task<std::size_t> read(std::span<char> into) override {
        if (text_.empty()) {
            const auto notice = co_await follower_.next();
            if (!notice) co_return 0;
            text_ = frame(*notice);
        }
        const auto count = std::min(into.size(), text_.size());
        std::memcpy(into.data(), text_.data(), count);
        text_.erase(0, count);
        co_return count;
    }

private:
    static std::string frame(const Notice& notice) {
        json::Object data{{"code", notice.code}, {"message", notice.message}};
        if (notice.notification) {
            const auto& [app, summary, body, urgency] = *notice.notification;
            data = {{"app", app}, {"summary", summary}, {"body", body}, {"urgency", urgency}};
        }
        if (notice.screen) data = {{"width", notice.screen->width}, {"height", notice.screen->height}};
        return net::sse_frame(std::nullopt, notice.code, json::to_text(data));
    }

    Notices& notices_;
    async::Broadcast<Notice>::Follower follower_;
    // A comment first: who follows knows at once that it is heard.
    std::string text_{net::sse_keep_alive};
};

Notices::Notices(async::Executor executor) : broadcast_{std::move(executor), kept} {}

void Notices::publish(Notice notice) {
    if (followers_ > 0) return broadcast_.publish(notice);
    if (unheard_.size() == kept) unheard_.pop_front();
    unheard_.push_back(std::move(notice));
}

void Notices::tell_screen(ScreenSize size) {
    screen_ = size;
    broadcast_.publish(screen_notice(size));
}

net::Response Notices::follow() {
    return net::stream_response(200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}},
                                std::make_unique<Events>(*this));
}

Link::Link(async::Executor executor, Notices& notices, std::function<void()> bus_started)
    : executor_{std::move(executor)},
      notices_{notices},
      bus_started_{std::move(bus_started)},
      socket_{init::link_fd},
      programs_ended_{executor_},
      environment_given_{executor_} {}

Task<> Link::run() {
    boost::asio::posix::stream_descriptor socket{executor_, socket_.duplicate().release()};
    while (true) {
        std::array<char, 1 + init::most_parts * sizeof(pid_t)> message{};
        // One read is one message; at the end of init this throws, and the desk ends with it.
        const auto count =
            co_await socket.async_read_some(boost::asio::buffer(message), boost::asio::use_awaitable);
        if (auto notice = notice_of(message[0])) notices_.publish(std::move(*notice));
        if (static_cast<init::Word>(message[0]) == init::Word::message_bus_started) bus_started_();
        if (static_cast<init::Word>(message[0]) == init::Word::environment_given)
            environment_given_.notify_all();
        if (static_cast<init::Word>(message[0]) != init::Word::programs_ended) continue;
        kept_.assign((count - 1) / sizeof(pid_t), 0);
        std::memcpy(kept_.data(), message.data() + 1, kept_.size() * sizeof(pid_t));
        programs_ended_.notify_all();
    }
}

Task<std::vector<pid_t>> Link::end_programs() {
    tell(init::Word::end_programs);
    co_await async::deadline(ending_patience, "the end of all programs", programs_ended_.wait());
    co_return kept_;
}

void Link::tell_lines(init::Word word, const std::vector<std::string>& lines) {
    std::string message(1, static_cast<char>(word));
    for (const auto& line : lines) message.append(line).push_back('\0');
    core::checked("telling init the environment",
                  ::send(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

void Link::keep(const std::vector<std::string>& lines) { tell_lines(init::Word::keep_lines, lines); }

Task<> Link::give_environment(const std::vector<std::string>& lines) {
    tell_lines(init::Word::give_environment, lines);
    co_await async::deadline(renewing_patience, "the end of what has the environment of before",
                             environment_given_.wait());
}

void Link::tell(init::Word word) {
    const char byte = static_cast<char>(word);
    ::send(socket_.get(), &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace carrel::desk::notices
