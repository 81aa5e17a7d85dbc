#include "desk/page/keys.hpp"

#include <doctest/doctest.h>

#include "desk/input/key_names.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::page;

namespace {

PageKey key_named(std::string_view name) {
    return core::value_or_throw(page_key(core::value_or_throw(input::parse_key(name))));
}

std::string pressed(std::string_view name, int held = 0) {
    const auto event = key_down(key_named(name), held);
    return std::string{json::text_or(event, "type")} + " " + std::string{json::text_or(event, "key")} + " " +
           std::string{json::text_or(event, "code")} + " " +
           json::to_text(event.at("windowsVirtualKeyCode")) + " " +
           json::to_text(json::Value(json::text_or(event, "text")));
}

}  // namespace

TEST_CASE("a key is pressed as the browser's own keyboard would press it") {
    struct Case {
        const char* name;
        int held;
        const char* event;
    };
    for (const auto& [name, held, event] :
         {Case{"Return", 0, R"(keyDown Enter Enter 13 "\r")"},
          {"a", 0, R"(keyDown a KeyA 65 "a")"},
          {"a", held::shift, R"(keyDown A KeyA 65 "A")"},
          {"A", 0, R"(keyDown A KeyA 65 "A")"},
          {"a", held::control, R"(rawKeyDown a KeyA 65 "")"},
          {"1", held::shift, R"(keyDown ! Digit1 49 "!")"},
          {"Tab", 0, R"(rawKeyDown Tab Tab 9 "")"},
          {"pgdn", 0, R"(rawKeyDown PageDown PageDown 34 "")"},
          {"F5", 0, R"(rawKeyDown F5 F5 116 "")"},
          {"ctrl", held::control, R"(rawKeyDown Control ControlLeft 17 "")"},
          {"space", 0, R"(keyDown   Space 32 " ")"},
          {"é", 0, R"(keyDown é  0 "é")"},
          {"€", 0, R"(keyDown €  0 "€")"}}) {
        CAPTURE(name);
        CHECK(pressed(name, held) == event);
    }
}

TEST_CASE("every key that has a name is one that a browser knows, or is refused") {
    int known = 0;
    for (const auto rows : {input::key_names(), input::key_aliases(), input::pad_key_names()})
        for (const auto& row : rows) {
            const auto key = page_key(row.keysym);
            if (!key) continue;
            ++known;
            CHECK(!key->key.empty());
        }
    CHECK(known > 100);
    CHECK_FALSE(page_key(0x1008ff11).has_value());
}

TEST_CASE("modifiers are modifiers") {
    CHECK(bits_of(core::value_or_throw(parse_modifiers("ctrl+shift"))) == (held::control | held::shift));
    CHECK(bits_of(core::value_or_throw(parse_modifiers("cmd+alt"))) == (held::meta | held::alt));
    CHECK(parse_modifiers("")->empty());
    CHECK(parse_modifiers("  ")->empty());
    for (const char* wrong : {"a", "ctrl+a", "ctrl+", "nonsense"})
        CHECK_FALSE(parse_modifiers(wrong).has_value());
}

TEST_CASE("a text becomes keys where there are keys and is inserted where there are none") {
    const auto pieces = core::value_or_throw(typed_pieces("aÄ€b\n\t"));
    REQUIRE(pieces.size() == 5);
    CHECK(std::get<PageKey>(pieces[0]).code == "KeyA");
    CHECK(std::get<std::string>(pieces[1]) == "Ä€");
    CHECK(std::get<PageKey>(pieces[2]).code == "KeyB");
    CHECK(std::get<PageKey>(pieces[3]).key == "Enter");
    CHECK(std::get<PageKey>(pieces[4]).key == "Tab");
    CHECK(std::get<PageKey>(core::value_or_throw(typed_pieces("?")).at(0)).needs_shift);
    CHECK(core::value_or_throw(typed_pieces("a\r\nb\rc")).size() == 5);
    CHECK(core::value_or_throw(typed_pieces("")).empty());
}

TEST_CASE("a long text is inserted by lines") {
    const auto pieces =
        core::value_or_throw(typed_pieces(std::string(600, 'x') + "\n" + std::string(600, 'y')));
    REQUIRE(pieces.size() == 3);
    CHECK(std::get<std::string>(pieces[0]).size() == 600);
    CHECK(std::get<PageKey>(pieces[1]).key == "Enter");
    CHECK_FALSE(typed_pieces("a\x07").has_value());
    CHECK_FALSE(typed_pieces("\xff").has_value());
    CHECK_FALSE(typed_pieces(std::string_view{"a\0b", 3}).has_value());
}
