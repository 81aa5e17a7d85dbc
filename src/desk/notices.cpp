#include "desk/notices.hpp"

#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>

#include "json/parse.hpp"
#include "net/sse.hpp"

namespace carrel::desk {

namespace {

constexpr std::size_t kept = 16;

}  // namespace

std::optional<Notice> notice_of(char word) {
    switch (static_cast<Word>(word)) {
        case Word::display_restarted:
            return Notice{"display_restarted",
                          "The display ended and was started again; all windows are gone."};
        case Word::window_manager_restarted:
            return Notice{"window_manager_restarted",
                          "The window manager ended and was started again; windows are still there."};
        case Word::tool_server_restarted:
            return Notice{
                "tool_server_restarted",
                "The desk's tool server ended and was started again; windows and files are still there, "
                "the terminal is a new one."};
        case Word::message_bus_started:
        case Word::window_manager_ready: break;
    }
    return std::nullopt;
}

/// The stream of one follower.
class Notices::Events final : public net::Source {
public:
    Events(Notices& notices) : notices_{notices}, follower_{notices.broadcast_.follow()} {
        ++notices_.followers_;
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

net::Response Notices::follow() {
    net::Response response;
    response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
    response.source = std::make_unique<Events>(*this);
    return response;
}

Link::Link(async::Executor executor, Notices& notices, std::function<void()> bus_started)
    : executor_{std::move(executor)},
      notices_{notices},
      bus_started_{std::move(bus_started)},
      socket_{link_fd} {}

Task<> Link::run() {
    boost::asio::posix::stream_descriptor socket{executor_, socket_.duplicate().release()};
    while (true) {
        char word = 0;
        // One message is one byte; at the end of init this throws, and the desk ends with it.
        co_await socket.async_read_some(boost::asio::buffer(&word, 1), boost::asio::use_awaitable);
        if (auto notice = notice_of(word)) notices_.publish(std::move(*notice));
        if (static_cast<Word>(word) == Word::message_bus_started) bus_started_();
    }
}

void Link::tell(Word word) {
    const char byte = static_cast<char>(word);
    ::send(socket_.get(), &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace carrel::desk
