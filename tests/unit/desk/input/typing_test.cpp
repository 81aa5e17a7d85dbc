#include "desk/input/typing.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::input;

namespace {

constexpr Reader page{.window = 7, .answers_pings = true, .is_terminal = false};
constexpr Reader mute_terminal{.window = 7, .answers_pings = false, .is_terminal = true};
constexpr Reader polite_terminal{.window = 7, .answers_pings = true, .is_terminal = true};
constexpr Reader mute_program{.window = 7, .answers_pings = false, .is_terminal = false};

/// a to f, Return, Tab, and keys without a meaning.
Keymap keymap() { return {8, 2, {'a', 'A', 'b', 'B', 'c', 'C', 'd', 'D', 0xff0d, 0, 0xff09, 0, 0, 0, 0, 0}}; }

std::vector<Keysym> keysyms(std::string_view text) {
    const auto all = keysyms_of(text);
    REQUIRE(all);
    return *all;
}

std::vector<TypingPart> plan(std::string_view text, const Reader& reader) {
    return plan_typing(keysyms(text), keymap(), reader);
}

}  // namespace

TEST_CASE("only a terminal that cannot be seen to have read gets anything pasted") {
    for (const auto& reader : {page, polite_terminal, mute_program, Reader{}}) {
        const auto parts = plan("aé你", reader);
        REQUIRE(parts.size() == 1);
        CHECK(parts[0].pasted.empty());
        CHECK(parts[0].keysyms == keysyms("aé你"));
    }
    CHECK(plan("aé你", mute_terminal) == std::vector<TypingPart>{{{}, "aé你"}});
    CHECK(plan("abcD", mute_terminal) == std::vector<TypingPart>{{keysyms("abcD"), {}}});
}

TEST_CASE("line feeds and tabs are keys, and lines that the keyboard has are typed") {
    CHECK(plan("ab\nc€\tdd\n\n😀\n", mute_terminal) ==
          std::vector<TypingPart>{
              {keysyms("ab\n"), {}}, {{}, "c€"}, {keysyms("\tdd\n\n"), {}}, {{}, "😀"}, {keysyms("\n"), {}}});
}

TEST_CASE("what is pasted is the text itself, of one to four bytes a character") {
    const std::string text = "a\u00a0\u00ff\u0100\u07ff\u0800\uffee\U00010000\U0010fffdz";
    CHECK(plan(text, mute_terminal) == std::vector<TypingPart>{{{}, text}});
}

TEST_CASE("nothing to type is nothing to do") {
    for (const auto& reader : {page, mute_terminal})
        for (const auto& part : plan_typing({}, keymap(), reader)) {
            CHECK(part.keysyms.empty());
            CHECK(part.pasted.empty());
        }
}

TEST_CASE("terminals are known by their class") {
    using namespace std::string_view_literals;
    for (const auto name : {"xterm\0XTerm\0"sv, "lxterminal\0Lxterminal\0"sv, "x\0URxvt\0"sv,
                            "st-256color\0st\0"sv, "kitty\0kitty\0"sv, "org.gnome.Terminal\0x\0"sv}) {
        CAPTURE(name);
        CHECK(is_terminal_class(name));
    }
    for (const auto name :
         {"chromium\0Chromium\0"sv, "mousepad\0Mousepad\0"sv, "stack\0Stack\0"sv, ""sv, "\0\0"sv}) {
        CAPTURE(name);
        CHECK_FALSE(is_terminal_class(name));
    }
}
