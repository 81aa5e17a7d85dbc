#include "desk/keys.hpp"

#include <doctest/doctest.h>

#include "desk/key_names.hpp"

using namespace carrel::desk;

namespace {

constexpr Keysym control = 0xffe3;
constexpr Keysym shift = 0xffe1;
constexpr Keysym super = 0xffeb;
constexpr Keysym enter = 0xff0d;

}  // namespace

TEST_CASE("a key has many spellings") {
    struct Case {
        const char* name;
        Keysym keysym;
    };
    for (const auto& [name, keysym] : {Case{"Return", enter},
                                       {"enter", enter},
                                       {"ENTER", enter},
                                       {"\n", enter},
                                       {"ctrl", control},
                                       {"Control_L", control},
                                       {"CONTROL", control},
                                       {"cmd", super},
                                       {"win", super},
                                       {"Meta", super},
                                       {"Super_L", super},
                                       {"esc", 0xff1b},
                                       {"Escape", 0xff1b},
                                       {"Page_Down", 0xff56},
                                       {"pagedown", 0xff56},
                                       {"PGDN", 0xff56},
                                       {"BackSpace", 0xff08},
                                       {"del", 0xffff},
                                       {"space", ' '},
                                       {"Up", 0xff52},
                                       {"ArrowUp", 0xff52},
                                       {"F5", 0xffc2},
                                       {"f12", 0xffc9},
                                       {"KP_Enter", 0xff8d},
                                       {"XF86AudioPlay", 0x1008ff14},
                                       {"a", 'a'},
                                       {"A", 'A'},
                                       {"+", '+'},
                                       {"plus", '+'},
                                       {"é", 0xe9},
                                       {"eacute", 0xe9},
                                       {"Eacute", 0xc9},
                                       {"€", 0x010020ac},
                                       {"U20AC", 0x010020ac},
                                       {"U+1F600", 0x0101f600}}) {
        CAPTURE(name);
        const auto key = parse_key(name);
        REQUIRE(key);
        CHECK(*key == keysym);
    }
}

TEST_CASE("a name that is none is refused, and the nearest is offered") {
    CHECK(parse_key("Retrun").error().message() == R"(there is no key "Retrun"; did you mean "Return"?)");
    CHECK(parse_key("").error().message() == "the name of a key is missing");
    CHECK_FALSE(parse_key("\x01"));
    CHECK_FALSE(parse_key("\xff"));
    CHECK_FALSE(parse_key("U110000"));
    CHECK_FALSE(parse_key("U7"));
}

TEST_CASE("a chord is keys with plus between, and plus itself can be one") {
    CHECK(*parse_chord("ctrl+shift+t") == Chord{control, shift, 't'});
    CHECK(*parse_chord("ctrl++") == Chord{control, '+'});
    CHECK(*parse_chord("+") == Chord{'+'});
    CHECK(*parse_chord("+++") == Chord{'+', '+'});
    CHECK(*parse_chord("ctrl+plus") == Chord{control, '+'});
    CHECK(parse_chord("ctrl+").error().message() == R"("ctrl+" needs the name of a key after its last plus)");
    CHECK_FALSE(parse_chord(""));
    CHECK_FALSE(parse_chord("ctrl+nosuch"));
    CHECK_FALSE(parse_chord("+a"));
}

TEST_CASE("several chords stand apart by spaces, and a lone space is the space key") {
    CHECK(*parse_chords("ctrl+a Delete") == std::vector<Chord>{{control, 'a'}, {0xffff}});
    CHECK(*parse_chords(" ") == std::vector<Chord>{{' '}});
    CHECK(*parse_chords("  a  b ") == std::vector<Chord>{{'a'}, {'b'}});
    CHECK_FALSE(parse_chords(""));
    CHECK_FALSE(parse_chords("   "));
}

TEST_CASE("text becomes keysyms: line feeds are Return, whatever their form") {
    CHECK(*keysyms_of("aÄ\r\n\tб\r") == std::vector<Keysym>{'a', 0xc4, enter, 0xff09, 0x01000431, enter});
    CHECK(*keysyms_of("😀") == std::vector<Keysym>{0x0101f600});
    CHECK(keysyms_of("a\x07").error().message().starts_with("U+0007 is a control character"));
    CHECK_FALSE(keysyms_of("\xc3"));
}

TEST_CASE("every name of the table is found again") {
    for (const auto& table : {key_names(), character_names()})
        for (const auto& row : table) {
            CAPTURE(row.name);
            CHECK(parse_key(row.name));
        }
}
