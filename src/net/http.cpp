#include "net/http.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "core/text.hpp"
#include "net/limits/body_budget.hpp"

namespace carrel::net {

namespace {

constexpr std::size_t piece_bytes = 64uz * 1024;

class TextSource final : public Source {
public:
    explicit TextSource(std::string text) : text_{std::move(text)} {}

    Task<std::size_t> read(std::span<char> into) override {
        const auto count = text_.copy(into.data(), into.size(), place_);
        place_ += count;
        co_return count;
    }

private:
    std::string text_;
    std::size_t place_ = 0;
};

/// Query strings are application/x-www-form-urlencoded: a plus is a space.
std::optional<std::string> decode_query_part(std::string_view part) {
    std::string spaced{part};
    std::ranges::replace(spaced, '+', ' ');
    return core::percent_decode(spaced);
}

bool parse_query(std::string_view text, Query& query) {
    for (const auto pair : core::split(text, '&')) {
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = decode_query_part(pair.substr(0, equals));
        auto value =
            equals == pair.npos ? std::optional<std::string>{""} : decode_query_part(pair.substr(equals + 1));
        if (!name || !value) return false;
        query.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

core::Error too_large(std::size_t limit) {
    return {core::Code::invalid,
            "the body is larger than the " + std::to_string(limit) + " bytes allowed here", "too_large"};
}

/// `hold` is told how much memory is taken, before it is.
template <class Hold>
Task<std::string> read_whole(Source& source, std::size_t limit, Hold hold) {
    std::string text;
    for (;;) {
        const auto before = text.size();
        // One byte more than the limit is asked for, to tell "just full" from "too much".
        const auto room = std::min(std::max<std::size_t>(before * 2, 4096), limit + 1);
        hold(room);
        text.resize(room);
        const auto count = co_await source.read(
            std::span{text}.subspan(before, std::min(piece_bytes, text.size() - before)));
        text.resize(before + count);
        if (count == 0) co_return text;
        if (text.size() > limit) throw too_large(limit);
    }
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
    remove(name);
    add(std::string{name}, std::move(value));
}

void Headers::remove(std::string_view name) {
    std::erase_if(lines_, [&](const auto& line) { return core::equals_ignoring_case(line.first, name); });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const auto& [key, value] : lines_)
        if (core::equals_ignoring_case(key, name)) return value;
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        lines_, [&](const auto& line) { return core::equals_ignoring_case(line.first, name); }));
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
    for (const auto& [key, value] : lines_) {
        if (!core::equals_ignoring_case(key, name)) continue;
        for (const auto part : core::split(value, ','))
            if (core::equals_ignoring_case(core::trim(part), token)) return true;
    }
    return false;
}

std::string_view Headers::media_type() const {
    const auto line = find("Content-Type").value_or("");
    return core::trim(line.substr(0, line.find(';')));
}

std::unique_ptr<Source> make_source(std::string text) {
    return std::make_unique<TextSource>(std::move(text));
}

Task<std::string> read_all(Source& source, std::size_t limit) {
    return read_whole(source, limit, [](std::size_t) {});
}

Task<> copy(Source& from, Stream& to) {
    const auto piece = std::make_unique<std::array<char, piece_bytes>>();
    std::size_t turn = 0;
    for (;;) {
        const auto count = co_await from.read(*piece);
        if (count == 0) co_return;
        co_await to.write({piece->data(), count});
        turn += count;
        if (turn < turn_bytes) continue;
        turn = 0;
        co_await async::yield_turn();
    }
}

std::optional<std::string> Request::find_query(std::string_view name) const {
    for (const auto& [key, value] : query)
        if (key == name) return value;
    return std::nullopt;
}

bool set_target(Request& request, std::string target) {
    request.target = std::move(target);
    const std::string_view all = request.target;
    const auto mark = all.find('?');
    request.path = all.substr(0, mark);
    request.query.clear();
    // A NUL ends a C string early: no path of ours has one, so none gets in.
    const auto decoded = core::percent_decode(request.path);
    if (!decoded || decoded->find('\0') != std::string::npos) return false;
    return mark == all.npos || parse_query(all.substr(mark + 1), request.query);
}

const std::string& Response::text() const {
    static const std::string nothing;
    const auto* text = std::get_if<std::string>(&body);
    return text ? *text : nothing;
}

Source* Response::source() const {
    const auto* streamed = std::get_if<StreamedBody>(&body);
    return streamed ? streamed->source.get() : nullptr;
}

std::optional<std::uint64_t> Response::length() const {
    if (const auto* none = std::get_if<NoBody>(&body)) return none->length.value_or(0);
    if (const auto* text = std::get_if<std::string>(&body)) return text->size();
    if (const auto* streamed = std::get_if<StreamedBody>(&body)) return streamed->length;
    return std::nullopt;
}

bool Response::is_upgrade() const {
    return std::holds_alternative<Upgrade>(body) || std::holds_alternative<std::unique_ptr<Stream>>(body);
}

std::unique_ptr<Stream> Response::take_connection() {
    auto* connection = std::get_if<std::unique_ptr<Stream>>(&body);
    return connection ? std::move(*connection) : nullptr;
}

Response text_response(int status, std::string text) {
    return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)};
}

Response json_response(int status, std::string json) {
    return {status, {{"Content-Type", "application/json"}}, std::move(json)};
}

Response stream_response(int status, Headers headers, std::unique_ptr<Source> source,
                         std::optional<std::uint64_t> length) {
    return {status, std::move(headers), StreamedBody{std::move(source), length}};
}

Response upgrade_response(Headers headers, Upgrade upgrade) {
    return {101, std::move(headers), std::move(upgrade)};
}

Task<std::string> collect_body(Request& request, std::size_t limit) {
    // What says how long it is needs no more room than that.
    const auto length = request.body_length.value_or(limit);
    if (length > limit) throw too_large(limit);
    const auto share = request.share;
    co_return co_await read_whole(*request.body, static_cast<std::size_t>(length), [share](std::size_t room) {
        if (share) share->hold(room);
    });
}

Task<std::string> read_all(Response& response, std::size_t limit) {
    if (auto* source = response.source()) co_return co_await read_all(*source, limit);
    auto* text = std::get_if<std::string>(&response.body);
    if (!text) co_return std::string{};
    if (text->size() > limit) throw too_large(limit);
    co_return std::move(*text);
}

}  // namespace carrel::net
