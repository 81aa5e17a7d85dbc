#include "core/desk_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/plain_text.hpp"
#include "core/text.hpp"

namespace carrel::core {

namespace {

constexpr char record_mark = '\x1e';
/// Of the year 9999, after which RFC 3339 has no dates.
constexpr std::uint64_t latest_time = 253'402'300'799'999;

struct Ring {
    std::size_t offset;
    std::size_t size;
};
constexpr std::array<Ring, 3> rings{{{0, 32 << 10}, {32 << 10, 48 << 10}, {80 << 10, 176 << 10}}};
static_assert(rings.back().offset + rings.back().size == desk_log_size);

/// PID 1 alone, the tool server alone, and all others together.
std::size_t ring_of(Speaker speaker) { return std::min<std::size_t>(std::to_underlying(speaker), 2); }

/// Takes the number in front of the first space away.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    const auto space = text.find(' ');
    if (space == text.npos) return std::nullopt;
    const auto number = parse_unsigned(text.substr(0, space));
    text.remove_prefix(space + 1);
    return number;
}

/// What stands between a mark and its line feed, in the ring with that index.
std::optional<DeskLogLine> parse_record(std::string_view text, std::size_t ring) {
    const auto number = take_number(text);
    const auto time = take_number(text);
    const auto speaker = take_number(text);
    if (!number || !time || !speaker || *time > latest_time || *speaker >= speaker_count) return std::nullopt;
    const auto who = static_cast<Speaker>(*speaker);
    if (ring_of(who) != ring) return std::nullopt;
    return DeskLogLine{*number, Instant{std::chrono::milliseconds{*time}}, who,
                       plain_text(text, longest_log_text, false)};
}

void read_ring(std::string_view ring, std::size_t index, std::vector<DeskLogLine>& lines) {
    // What goes around the end goes on before the first mark.
    const auto first = ring.find(record_mark);
    if (first == ring.npos) return;
    const auto in_order = std::string{ring.substr(first)}.append(ring.substr(0, first));
    for (const auto piece : split(in_order, record_mark)) {
        const auto end = piece.find('\n');
        if (end == piece.npos) continue;  // its end is overwritten, or not written yet
        if (auto line = parse_record(piece.substr(0, end), index)) lines.push_back(std::move(*line));
    }
}

}  // namespace

std::string_view name_of(Speaker speaker) {
    switch (speaker) {
        case Speaker::init: return "init";
        case Speaker::tool_server: return "tool server";
        case Speaker::display: return "display";
        case Speaker::window_manager: return "window manager";
        case Speaker::panel: return "panel";
        case Speaker::message_bus: return "message bus";
        case Speaker::browser: return "browser";
    }
    std::unreachable();
}

std::array<LogPlace, 2> DeskLogFormat::add(Instant time, Speaker speaker, std::string_view text) {
    record_ = fmt::format("{}{} {} {} {}\n", record_mark, number_++,
                          std::max<std::int64_t>(time.time_since_epoch().count(), 0),
                          std::to_underlying(speaker), plain_text(text, longest_log_text, false));
    const auto& ring = rings[ring_of(speaker)];
    auto& next = next_[ring_of(speaker)];
    const std::string_view record{record_};
    const auto until_end = std::min(record.size(), ring.size - next);
    const std::array<LogPlace, 2> places{
        {{ring.offset + next, record.substr(0, until_end)}, {ring.offset, record.substr(until_end)}}};
    next = (next + record.size()) % ring.size;
    return places;
}

DeskLog parse_desk_log(std::string_view bytes) {
    DeskLog log;
    for (std::size_t i = 0; i < rings.size(); ++i)
        if (bytes.size() > rings[i].offset)
            read_ring(bytes.substr(rings[i].offset, rings[i].size), i, log.lines);
    std::ranges::sort(log.lines, {}, &DeskLogLine::number);
    log.is_complete = log.lines.empty() || log.lines.back().number == log.lines.size() - 1;
    return log;
}

}  // namespace carrel::core
