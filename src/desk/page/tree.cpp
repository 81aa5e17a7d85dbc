#include "desk/page/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/text.hpp"

namespace carrel::desk::page {

namespace {

constexpr std::size_t longest_name = 2'100;
constexpr std::size_t longest_word = 100;
constexpr int most_depth = 2'000;

/// The bytes that `text` spends on a control or bidi character at its beginning; 0 for all others.
std::size_t unsafe_bytes(std::string_view text) {
    const auto byte = [&](std::size_t at) {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
    if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return 2;
    if (byte(0) == 0xd8 && byte(1) == 0x9c) return 2;
    if (byte(0) != 0xe2) return 0;
    const bool is_mark = byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f ||   // U+200E, U+200F
                                             (byte(2) >= 0xa8 && byte(2) <= 0xae));  // U+2028 to U+202E
    const bool is_isolate = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;   // U+2066 to U+2069
    return is_mark || is_isolate ? 3 : 0;
}

std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    for (const char byte : text) {
        if (byte == '"' || byte == '\\') result += '\\';
        result += byte;
    }
    return result + '"';
}

int number_or(const json::Value& value, std::string_view name, int otherwise) {
    const auto* member = json::find(value, name);
    if (!member || !member->is_number()) return otherwise;
    const auto number = member->to_number<double>();
    return number >= 0 && number < 1e9 ? static_cast<int>(number) : otherwise;
}

std::vector<std::string> texts(const json::Value* list, std::size_t limit) {
    std::vector<std::string> result;
    const auto* items = list ? list->if_array() : nullptr;
    if (!items) return result;
    for (const auto& item : *items)
        if (const auto* text = item.if_string()) result.push_back(one_line(*text, limit));
    return result;
}

std::optional<std::array<double, 4>> parse_part(const json::Value* value) {
    const auto* list = value ? value->if_array() : nullptr;
    if (!list || list->size() != 4) return std::nullopt;
    std::array<double, 4> part{};
    for (std::size_t i = 0; i < 4; ++i) {
        if (!(*list)[i].is_number()) return std::nullopt;
        part[i] = (*list)[i].to_number<double>();
    }
    return part;
}

PageEntry parse_entry(const json::Value& value) {
    PageEntry entry{.depth = std::min(number_or(value, "d", 0), most_depth),
                    .number = number_or(value, "n", 0),
                    .role = one_line(json::text_or(value, "r"), longest_word),
                    .name = one_line(json::text_or(value, "t"), longest_name),
                    .states = texts(json::find(value, "s"), longest_word),
                    .address = one_line(json::text_or(value, "u"), longest_name),
                    .options = texts(json::find(value, "o"), longest_word * 2),
                    .is_interactive = json::find(value, "i") != nullptr,
                    .has_more = json::find(value, "c") != nullptr,
                    .seen_part = parse_part(json::find(value, "f"))};
    if (json::find(value, "v")) entry.value = one_line(json::text_or(value, "v"), longest_name);
    return entry;
}

std::vector<ScrolledBox> parse_boxes(const json::Value* list) {
    std::vector<ScrolledBox> boxes;
    const auto* items = list ? list->if_array() : nullptr;
    if (!items) return boxes;
    for (const auto& item : *items)
        boxes.push_back({.number = number_or(item, "n", 0),
                         .description = one_line(json::text_or(item, "t"), longest_word),
                         .hidden = number_or(item, "more", 0)});
    return boxes;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t limit) {
    std::string line;
    line.reserve(std::min(text.size(), limit * 4));
    std::size_t characters = 0;
    bool wants_space = false;
    while (!text.empty() && characters < limit) {
        if (const auto bytes = unsafe_bytes(text); bytes > 0 || text.front() == ' ') {
            wants_space = !line.empty();
            text.remove_prefix(std::max<std::size_t>(bytes, 1));
            continue;
        }
        if (wants_space) {
            line += ' ';
            ++characters;
            wants_space = false;
            continue;
        }
        do {
            line += text.front();
            text.remove_prefix(1);
        } while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0U) == 0x80);
        ++characters;
    }
    return line;
}

core::Expected<PageReading> parse_reading(const json::Value& value) {
    const auto* entries = json::find(value, "entries");
    if (!entries || !entries->is_array()) return core::refuse("the page's script answered no entries");
    PageReading reading{.outside = number_or(value, "outside", 0),
                        .boxes = parse_boxes(json::find(value, "boxes")),
                        .is_cut = json::find(value, "cut") && *json::find(value, "cut") == true,
                        .next_number = std::max(number_or(value, "next", 1), 1),
                        .modal = one_line(json::text_or(value, "modal"), longest_word),
                        .title = one_line(json::text_or(value, "title"), longest_name),
                        .url = one_line(json::text_or(value, "url"), longest_name)};
    reading.entries.reserve(entries->get_array().size());
    for (const auto& entry : entries->get_array()) reading.entries.push_back(parse_entry(entry));
    return reading;
}

std::string render_entry(const PageEntry& entry) {
    std::string line = entry.role;
    const auto out = std::back_inserter(line);
    if (!entry.name.empty()) fmt::format_to(out, " {}", in_quotes(entry.name));
    if (entry.number > 0) fmt::format_to(out, " [ref_{}]", entry.number);
    if (entry.value) fmt::format_to(out, " value={}", in_quotes(*entry.value));
    if (!entry.address.empty()) fmt::format_to(out, " href={}", in_quotes(entry.address));
    if (!entry.states.empty()) fmt::format_to(out, " ({})", fmt::join(entry.states, ", "));
    if (!entry.options.empty()) fmt::format_to(out, " options: {}", fmt::join(entry.options, " | "));
    if (entry.has_more) line += " (more inside)";
    return line;
}

TreeText render_tree(std::span<const PageEntry> entries, std::size_t limit) {
    TreeText result;
    std::size_t characters = 0;
    for (std::size_t at = 0; at < entries.size(); ++at) {
        const auto line =
            std::string(static_cast<std::size_t>(entries[at].depth) * 2, ' ') + render_entry(entries[at]);
        characters += core::count_characters(line) + 1;
        if (characters > limit) {
            result.left_out = entries.size() - at;
            return result;
        }
        result.text += line;
        result.text += '\n';
    }
    return result;
}

core::Expected<int> parse_reference(std::string_view text) {
    auto digits = core::trim(text);
    if (digits.starts_with('[') && digits.ends_with(']')) digits = digits.substr(1, digits.size() - 2);
    if (digits.starts_with("ref_")) digits.remove_prefix(4);
    const auto number = core::parse_unsigned(digits);
    if (!number || *number == 0 || *number > 999'999'999)
        return core::refuse(fmt::format("\"{}\" is no reference: one is written ref_12", one_line(text, 40)));
    return static_cast<int>(*number);
}

}  // namespace carrel::desk::page
