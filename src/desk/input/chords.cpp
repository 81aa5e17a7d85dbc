// Keys that are pressed together, as people write them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.hpp"
#include "desk/input/key_names.hpp"
#include "desk/input/keys.hpp"

namespace carrel::desk::input {

namespace {

/// As keyboards of macOS are labelled; within a chord, else these are characters like others.
constexpr std::array labels{KeyName{"⌘", 0xffeb}, KeyName{"⌥", 0xffe9}, KeyName{"⇧", 0xffe1},
                            KeyName{"⌃", 0xffe3}, KeyName{"⏎", 0xff0d}, KeyName{"↵", 0xff0d},
                            KeyName{"⌫", 0xff08}, KeyName{"⌦", 0xffff}, KeyName{"⎋", 0xff1b},
                            KeyName{"⇥", 0xff09}, KeyName{"↑", 0xff52}, KeyName{"↓", 0xff54},
                            KeyName{"←", 0xff51}, KeyName{"→", 0xff53}};

bool is_modifier(Keysym key) { return (key >= 0xffe1 && key <= 0xffee) || key == 0xfe03; }
bool is_shift(Keysym key) { return key == 0xffe1 || key == 0xffe2; }

/// "ctrl" of "ctrl-c", and Emacs's letters.
std::optional<Keysym> find_modifier(std::string_view name) {
    if (name == "C") return 0xffe3;
    if (name == "M" || name == "A") return 0xffe9;
    if (name == "S") return 0xffe1;
    const auto key = name.size() > 1 ? parse_key(name) : core::refuse("");
    if (!key || !is_modifier(*key)) return std::nullopt;
    return *key;
}

/// "ctrl-alt-del": modifiers with dashes after them, and a key.
std::optional<Chord> find_dashed(std::string_view text) {
    Chord chord;
    while (true) {
        const auto end = text.find('-');
        if (end == 0 || end == text.npos || end + 1 == text.size()) break;
        const auto key = find_modifier(text.substr(0, end));
        if (!key) return std::nullopt;
        chord.push_back(*key);
        text.remove_prefix(end + 1);
    }
    const auto last = parse_key(text);
    if (chord.empty() || !last) return std::nullopt;
    chord.push_back(*last);
    return chord;
}

/// "<Control><Shift>t", as GTK writes it.
std::optional<Chord> find_bracketed(std::string_view text) {
    Chord chord;
    while (text.starts_with('<') && !text.empty()) {
        const auto end = text.find('>');
        if (end == text.npos) break;
        const auto key = find_modifier(text.substr(1, end - 1));
        if (!key) return std::nullopt;
        chord.push_back(*key);
        text.remove_prefix(end + 1);
    }
    if (chord.empty()) return std::nullopt;
    if (text.empty()) return chord;
    const auto last = parse_key(text);
    if (!last) return std::nullopt;
    chord.push_back(*last);
    return chord;
}

/// What stands between two pluses: most often one key.
core::Expected<Chord> parse_part(std::string_view part, bool is_alone) {
    if (!is_alone)
        for (const auto& label : labels)
            if (label.name == part) return Chord{label.keysym};
    const auto key = parse_key(part);
    if (key) return Chord{*key};
    if (auto chord = find_bracketed(part)) return std::move(*chord);
    if (auto chord = find_dashed(part)) return std::move(*chord);
    return std::unexpected{key.error()};
}

/// A capital beside Ctrl, Alt or Super is how people write the key of that letter.
void make_letters_small(Chord& chord) {
    const auto is_other_modifier = [](Keysym key) { return is_modifier(key) && !is_shift(key); };
    if (!std::ranges::any_of(chord, is_other_modifier)) return;
    for (auto& key : chord)
        if (key >= 'A' && key <= 'Z') key += 'a' - 'A';
}

/// Whether two words are one name: "Page Down", "Caps Lock", "left arrow".
bool is_one_name(std::string_view first, std::string_view second) {
    const auto is_letter = [](char each) { return (each | 0x20) >= 'a' && (each | 0x20) <= 'z'; };
    if (second.size() < 2 || !std::ranges::all_of(second, is_letter)) return false;
    const auto start = first.rfind('+');
    return is_listed_name(fmt::format("{}{}", first.substr(start == first.npos ? 0 : start + 1), second));
}

/// The words of which each is a chord: those around a plus and those of one name are joined.
std::vector<std::string> join_words(std::string_view text) {
    std::vector<std::string> words;
    bool is_open = false;
    for (const auto word : core::split(core::trim(text), ' ')) {
        if (word.empty()) continue;
        const bool joins = !words.empty() && (is_open || (word.starts_with('+') && words.back() != "+") ||
                                              is_one_name(words.back(), word));
        if (joins && !is_open && !word.starts_with('+')) words.back() += '_';
        if (joins)
            words.back() += word;
        else
            words.emplace_back(word);
        // "ctrl +" and "ctrl+" await a key; "ctrl++" has it, and so has "+" itself.
        const auto& last = words.back();
        is_open = last.size() > 1 && last.ends_with('+') && !last.ends_with("++");
    }
    return words;
}

}  // namespace

core::Expected<Chord> parse_chord(std::string_view text) {
    Chord chord;
    auto rest = text;
    while (true) {
        // A plus where a name should begin is the plus key itself.
        const auto end = rest.starts_with('+') ? 1 : std::min(rest.find('+'), rest.size());
        if (rest.empty())
            return core::refuse(fmt::format(R"("{}" needs the name of a key after its last plus)", text));
        const auto keys = parse_part(rest.substr(0, end), end == text.size());
        if (!keys) return std::unexpected{keys.error()};
        chord.insert(chord.end(), keys->begin(), keys->end());
        rest.remove_prefix(end);
        if (rest.empty()) break;
        if (!rest.starts_with('+')) return core::refuse(fmt::format(R"("{}" is no chord of keys)", text));
        rest.remove_prefix(1);
    }
    make_letters_small(chord);
    return chord;
}

core::Expected<std::vector<Chord>> parse_chords(std::string_view text) {
    if (text == " ") return std::vector<Chord>{Chord{keysym_of(' ')}};
    if (!core::is_utf8(text)) return core::refuse("the name of a key is not UTF-8");
    std::vector<Chord> chords;
    for (const auto& word : join_words(text)) {
        auto chord = parse_chord(word);
        if (!chord) return std::unexpected{chord.error()};
        chords.push_back(std::move(*chord));
    }
    if (chords.empty()) return core::refuse("the name of a key is missing");
    return chords;
}

}  // namespace carrel::desk::input
