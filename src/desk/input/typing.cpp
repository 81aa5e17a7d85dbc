#include "desk/input/typing.hpp"

#include <algorithm>
#include <set>

namespace carrel::desk::input {

namespace {

void append_utf8(std::string& text, char32_t character) {
    const auto append = [&](char32_t bits) { text += static_cast<char>(bits); };
    const auto rest = [&](int shift) { append(0x80 | (character >> shift & 0x3f)); };
    if (character < 0x80) {
        append(character);
    } else if (character < 0x800) {
        append(0xc0 | character >> 6);
        rest(0);
    } else if (character < 0x10000) {
        append(0xe0 | character >> 12);
        rest(6);
        rest(0);
    } else {
        append(0xf0 | character >> 18);
        rest(12);
        rest(6);
        rest(0);
    }
}

bool is_missing(Keysym keysym, const Keymap& keymap) { return !keymap.find(keysym); }

}  // namespace

bool is_any_missing(const std::vector<Keysym>& keysyms, const Keymap& keymap) {
    const std::set<Keysym> all{keysyms.begin(), keysyms.end()};
    return std::ranges::any_of(all, [&](Keysym each) { return is_missing(each, keymap); });
}

std::vector<TypingPart> plan_typing(const std::vector<Keysym>& keysyms, const Keymap& keymap,
                                    const Reader& reader) {
    const bool may_paste = reader.is_terminal && !reader.answers_pings;
    if (!may_paste || !is_any_missing(keysyms, keymap)) return {{keysyms, {}}};
    std::vector<TypingPart> parts;
    const auto add_keys = [&](auto begin, auto end) {
        if (begin == end) return;
        if (parts.empty() || parts.back().keysyms.empty()) parts.emplace_back();
        parts.back().keysyms.insert(parts.back().keysyms.end(), begin, end);
    };
    for (auto begin = keysyms.begin(); begin != keysyms.end();) {
        const auto end =
            std::find_if(begin, keysyms.end(), [](Keysym each) { return !find_character(each); });
        const bool is_pasted = std::any_of(begin, end, [&](Keysym each) { return is_missing(each, keymap); });
        if (is_pasted) {
            auto& pasted = parts.emplace_back().pasted;
            for (auto each = begin; each != end; ++each) append_utf8(pasted, *find_character(*each));
        } else {
            add_keys(begin, end);
        }
        // The key that is no character follows: Return or Tab.
        const auto next = end == keysyms.end() ? end : end + 1;
        add_keys(end, next);
        begin = next;
    }
    return parts;
}

}  // namespace carrel::desk::input
