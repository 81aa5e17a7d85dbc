#include "net/sse.hpp"

#include <fmt/format.h>

namespace carrel::net {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

std::string sse_frame(std::optional<std::uint64_t> id, std::string_view event, std::string_view data) {
    std::string frame;
    frame.reserve(event.size() + data.size() + 48);
    if (id) frame += fmt::format("id: {}\n", *id);
    if (!event.empty()) frame.append("event: ").append(event).append("\n");
    for (;;) {
        const auto end = data.find_first_of("\r\n");
        frame.append("data: ").append(data.substr(0, end)).append("\n");
        if (end == data.npos) break;
        data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return frame += '\n';
}

core::Expected<void> SseParser::push(std::string_view bytes) {
    while (!bytes.empty() && !is_broken_) {
        if (after_cr_ && bytes.front() == '\n') bytes.remove_prefix(1);
        after_cr_ = false;
        const auto end = bytes.find_first_of("\r\n");
        line_ += bytes.substr(0, end);
        is_broken_ = line_.size() + data_.size() > limit_;
        if (end == bytes.npos) break;
        after_cr_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        end_line();
    }
    if (is_broken_)
        return core::refuse(fmt::format("an event of the stream is larger than {} bytes", limit_));
    return {};
}

std::optional<SseEvent> SseParser::pop() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
}

void SseParser::end_line() {
    std::string_view line = line_;
    if (at_start_ && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
    at_start_ = false;
    if (line.empty()) end_event();
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    auto value = colon == line.npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "data") {
        if (has_data_) data_ += '\n';
        data_ += value;
        has_data_ = true;
    } else if (name == "event") {
        event_ = value;
    } else if (name == "id" && value.find('\0') == value.npos) {
        id_ = value;
    }
    line_.clear();
}

void SseParser::end_event() {
    if (has_data_) events_.push_back({event_.empty() ? "message" : event_, std::move(data_), id_});
    data_.clear();
    event_.clear();
    has_data_ = false;
}

}  // namespace carrel::net
