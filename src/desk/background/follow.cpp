#include "desk/background/follow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/text.hpp"
#include "net/sse.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::background {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_in_event = std::size_t{64} << 10;
constexpr auto keep_alive_every = 15s;

class OutputEvents final : public net::Source {
public:
    OutputEvents(SharedProcess process, const BackgroundProcess::Stream& stream, OutputWish wish)
        : process_{std::move(process)}, stream_{stream}, wish_{wish} {}

    Task<std::size_t> read(std::span<char> into) override {
        while (written_ == text_.size()) {
            if (has_ended_) co_return 0;
            written_ = 0;
            text_ = co_await make_more();
        }
        const auto count = std::min(into.size(), text_.size() - written_);
        std::memcpy(into.data(), text_.data() + written_, count);
        written_ += count;
        co_return count;
    }

private:
    Task<std::string> make_more() {
        while (true) {
            const auto piece = read_piece(stream_.log, wish_, stream_.has_ended);
            wish_.offset = piece.next();
            if (!piece.bytes.empty()) co_return frame(piece);
            if (stream_.has_ended && process_->end) co_return last_frame();
            if (!co_await process_->changed.wait_for(keep_alive_every))
                co_return std::string{net::sse_keep_alive};
        }
    }

    std::string frame(const OutputPiece& piece) const {
        auto object = to_json(piece, wish_.is_text);
        if (piece.dropped > 0) object["dropped"] = piece.dropped;
        return net::sse_frame(piece.next(), "output", json::to_text(object));
    }

    std::string last_frame() {
        has_ended_ = true;
        json::Object object{{"size", stream_.log.end()}};
        processes::add_end(object, *process_->end);
        return net::sse_frame(wish_.offset, "end", json::to_text(object));
    }

    SharedProcess process_;
    const BackgroundProcess::Stream& stream_;
    OutputWish wish_;
    bool has_ended_ = false;
    // A comment first: who follows knows at once that it is heard.
    std::string text_{net::sse_keep_alive};
    std::size_t written_ = 0;
};

}  // namespace

const BackgroundProcess::Stream& stream_of(const BackgroundProcess& process, std::string_view name) {
    return name == "stderr" ? process.errors : process.output;
}

std::uint64_t checked_offset(const BackgroundProcess::Stream& stream, std::int64_t wanted) {
    const auto end = static_cast<std::int64_t>(stream.log.end());
    if (wanted > end)
        throw rest::Unprocessable{{{{"offset"},
                                    fmt::format("{} is beyond the {} bytes that there are", wanted, end),
                                    "out_of_range"}},
                                  "query"};
    if (wanted >= 0) return static_cast<std::uint64_t>(wanted);
    return std::max(stream.log.begin(), static_cast<std::uint64_t>(std::max<std::int64_t>(end + wanted, 0)));
}

json::Object to_json(const OutputPiece& piece, bool is_text) {
    json::Object object;
    if (is_text)
        object["data"] = core::repair_utf8(piece.bytes);
    else
        object["data_base64"] = core::to_base64(piece.bytes);
    object["offset"] = piece.offset;
    object["next_offset"] = piece.next();
    return object;
}

net::Response follow_output(SharedProcess process, std::string_view stream, std::uint64_t offset,
                            bool is_text) {
    const auto& followed = stream_of(*process, stream);
    auto events = std::make_unique<OutputEvents>(
        std::move(process), followed,
        OutputWish{.offset = offset, .limit = most_in_event, .is_text = is_text});
    return net::stream_response(200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}},
                                std::move(events));
}

}  // namespace carrel::desk::background
