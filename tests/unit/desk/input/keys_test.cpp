#include "desk/input/keys.hpp"

#include <doctest/doctest.h>

#include "desk/input/key_names.hpp"

using namespace carrel::desk;
using namespace carrel::desk::input;

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
                                       {"U+1F600", 0x0101f600},
                                       // Browsers: KeyboardEvent.code and .key.
                                       {"KeyA", 'a'},
                                       {"Digit7", '7'},
                                       {"Numpad5", 0xffb5},
                                       {"NumpadEnter", 0xff8d},
                                       {"NumpadAdd", 0xffab},
                                       {"NumLock", 0xff7f},
                                       {"ControlLeft", control},
                                       {"ShiftRight", 0xffe2},
                                       {"AltRight", 0xffea},
                                       {"MetaLeft", super},
                                       {"OSRight", 0xffec},
                                       {"ControlOrMeta", control},
                                       {"AltGraph", 0xfe03},
                                       {"Backquote", '`'},
                                       {"BracketLeft", '['},
                                       {"IntlBackslash", '\\'},
                                       {"Quote", '\''},
                                       {"Semicolon", ';'},
                                       {"PrintScreen", 0xff61},
                                       {"ContextMenu", 0xff67},
                                       {"AudioVolumeMute", 0x1008ff12},
                                       {"MediaPlayPause", 0x1008ff14},
                                       {"BrowserBack", 0x1008ff26},
                                       // Windows and macOS, and libraries that press keys there.
                                       {"VK_RETURN", enter},
                                       {"VK_A", 'a'},
                                       {"LWin", super},
                                       {"winright", 0xffec},
                                       {"command", super},
                                       {"option", 0xffe9},
                                       {"optionleft", 0xffe9},
                                       {"leftctrl", control},
                                       {"left_shift", shift},
                                       {"num0", 0xffb0},
                                       {"num lock", 0xff7f},
                                       {"prtscr", 0xff61},
                                       {"playpause", 0x1008ff14},
                                       {"Key.enter", enter},
                                       {"Key.page_down", 0xff56},
                                       {"KEY_ENTER", enter},
                                       {"KEY_B", 'b'},
                                       {"XK_Home", 0xff50},
                                       // People.
                                       {"page down", 0xff56},
                                       {"Page-Down", 0xff56},
                                       {"left arrow", 0xff51},
                                       {"Arrow Left", 0xff51},
                                       {"caps lock", 0xffe5},
                                       {"space bar", ' '},
                                       {"<Return>", enter},
                                       {"{ENTER}", enter},
                                       {"[F5]", 0xffc2},
                                       {"[", '['},
                                       {"kp_7", 0xffb7},
                                       {"keypad_slash", 0xffaf}}) {
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
    CHECK_FALSE(parse_key("UD800"));
    CHECK_FALSE(parse_key("___"));
    CHECK_FALSE(parse_key("left" + std::string(100, 'l')));
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

TEST_CASE("chords are written in many ways") {
    struct Case {
        const char* text;
        Chord chord;
    };
    constexpr Keysym alt = 0xffe9;
    for (const auto& [text, chord] : {Case{"Ctrl+C", {control, 'c'}},
                                      {"CTRL+SHIFT+T", {control, shift, 't'}},
                                      {"Control+Shift+T", {control, shift, 't'}},
                                      {"shift+A", {shift, 'A'}},
                                      {"A", {'A'}},
                                      {"ctrl-c", {control, 'c'}},
                                      {"Ctrl-Alt-Del", {control, alt, 0xffff}},
                                      {"ctrl--", {control, '-'}},
                                      {"ctrl+-", {control, '-'}},
                                      {"C-x", {control, 'x'}},
                                      {"C-M-s", {control, alt, 's'}},
                                      {"<Control>c", {control, 'c'}},
                                      {"<Primary><Shift>t", {control, shift, 't'}},
                                      {"<ctrl>+<alt>+t", {control, alt, 't'}},
                                      {"<Alt>", {alt}},
                                      {"⌘+c", {super, 'c'}},
                                      {"⌥+→", {alt, 0xff53}},
                                      {"→", {keysym_of(U'→')}},
                                      {"<", {'<'}},
                                      {"ctrl+<", {control, '<'}},
                                      {"KeyA+KeyB", {'a', 'b'}},
                                      {"super+ArrowLeft", {super, 0xff51}}}) {
        CAPTURE(std::string{text});
        const auto found = parse_chord(text);
        REQUIRE(found);
        CHECK(*found == chord);
    }
    for (const auto* wrong :
         {"ctrl-", "-c", "nokey-c", "<nokey>c", "<Control>nokey", "a-c", "ctrl+<nokey>", "<>"}) {
        CAPTURE(std::string{wrong});
        CHECK_FALSE(parse_chord(wrong));
    }
}

TEST_CASE("spaces around a plus join, and names may have two words") {
    CHECK(*parse_chords("ctrl + c") == std::vector<Chord>{{control, 'c'}});
    CHECK(*parse_chords("ctrl +c a") == std::vector<Chord>{{control, 'c'}, {'a'}});
    CHECK(*parse_chords("ctrl+ shift + t") == std::vector<Chord>{{control, shift, 't'}});
    CHECK(*parse_chords("ctrl + + a") == std::vector<Chord>{{control, '+'}, {'a'}});
    CHECK(*parse_chords("ctrl++ a") == std::vector<Chord>{{control, '+'}, {'a'}});
    CHECK(*parse_chords("+ +") == std::vector<Chord>{{'+'}, {'+'}});
    CHECK(*parse_chords("+ a") == std::vector<Chord>{{'+'}, {'a'}});
    CHECK_FALSE(parse_chords("ctrl +"));
    CHECK(*parse_chords("Page Down Page_Down ctrl+Page Up") ==
          std::vector<Chord>{{0xff56}, {0xff56}, {control, 0xff55}});
    CHECK(*parse_chords("Left Arrow") == std::vector<Chord>{{0xff51}});
    CHECK(*parse_chords("Up Down Left") == std::vector<Chord>{{0xff52}, {0xff54}, {0xff51}});
    CHECK(*parse_chords("F1 2") == std::vector<Chord>{{0xffbe}, {'2'}});
    CHECK(*parse_chords("shift Left") == std::vector<Chord>{{shift}, {0xff51}});
    CHECK_FALSE(parse_chords("\xff a"));
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
    CHECK(keysyms_of("a\x07").error().message() ==
          "character 1 is U+0007, a control character, which cannot be typed");
    CHECK(
        keysyms_of("\x1b[0m").error().message() ==
        "character 0 is U+001B, a control character, which cannot be typed; press Escape with keyboard/key");
    CHECK_FALSE(keysyms_of(std::string_view{"\0", 1}));
    CHECK_FALSE(keysyms_of("\xed\xa0\x80"));
    CHECK_FALSE(keysyms_of("\xc3"));
}

TEST_CASE("every name of the table is found again") {
    for (const auto& table : {key_names(), key_aliases(), character_names()})
        for (const auto& row : table) {
            CAPTURE(row.name);
            const auto found = parse_key(row.name);
            REQUIRE(found);
            CHECK(*found == row.keysym);
        }
}
