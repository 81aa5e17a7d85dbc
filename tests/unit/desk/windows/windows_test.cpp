#include <doctest/doctest.h>

#include <limits>

#include "desk/windows/facts.hpp"
#include "ops/desk/windows.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::windows;

namespace {

/// Each hint has its place plus 100 as its number.
HintAtoms made_up_atoms() {
    HintAtoms atoms;
    for (std::size_t i = 0; i < atoms.numbers.size(); ++i)
        atoms.numbers[i] = static_cast<xcb_atom_t>(i + 100);
    return atoms;
}

}  // namespace

TEST_CASE("a window's id is read in each form that clients write") {
    struct Case {
        json::Value given;
        std::optional<std::uint32_t> id;
    };
    const std::vector<Case> cases{
        {"0x00600008", 0x600008u},
        {"0X600008", 0x600008u},
        {"0xABCDEF", 0xabcdefu},
        {"6291464", 0x600008u},
        {6291464, 0x600008u},
        {4294967295LL, 4294967295u},
        {"4294967295", 4294967295u},
        {4294967296LL, std::nullopt},
        {"0x100000000", std::nullopt},
        {"0", std::nullopt},
        {0, std::nullopt},
        {-1, std::nullopt},
        {"-1", std::nullopt},
        {"", std::nullopt},
        {"0x", std::nullopt},
        {" 1", std::nullopt},
        {"1 ", std::nullopt},
        {"firefox", std::nullopt},
        {1.5, std::nullopt},
        {6291464.0, 0x600008u},
        {-2.0, std::nullopt},
        {1e300, std::nullopt},
        {true, std::nullopt},
        {nullptr, std::nullopt},
    };
    for (const auto& [given, id] : cases) {
        CAPTURE(json::to_text(given));
        CHECK(ops::parse_window_id(given) == id);
        if (id) CHECK(ops::parse_window_id(json::Value(ops::window_id_text(*id))) == id);
    }
    CHECK(ops::window_id_text(0x600008) == "0x00600008");
}

TEST_CASE("a class is the second text of two, whatever a program writes there") {
    struct Case {
        std::string_view given;
        std::string_view expected;
    };
    using namespace std::string_view_literals;
    for (const auto& [given, expected] : {
             Case{"xterm\0XTerm\0"sv, "XTerm"},
             Case{"xterm\0XTerm"sv, "XTerm"},
             Case{"\0XTerm\0more\0"sv, "XTerm"},
             Case{"xterm"sv, ""},
             Case{""sv, ""},
             Case{"a\0\0\0"sv, ""},
             Case{"a\0b\xff\0"sv, "b\xef\xbf\xbd"},
         })
        CHECK(class_of(given) == expected);
}

TEST_CASE("the window that the root names is active, unless the manager has the keyboard itself") {
    struct Case {
        xcb_window_t named, focus, manager, active;
    };
    for (const auto& [named, focus, manager, active] : {
             Case{0x80000c, 0x80000c, 0x40020b, 0x80000c},
             Case{0x80000c, 0x80001b, 0x40020b, 0x80000c},  // a part of it has the focus
             Case{0x80000c, XCB_INPUT_FOCUS_POINTER_ROOT, 0x40020b, 0x80000c},
             Case{0x80000c, 0x40020b, 0x40020b, XCB_NONE},  // left behind by a window that was killed
             Case{0x80000c, XCB_NONE, XCB_NONE, 0x80000c},
             Case{XCB_NONE, 0x80000c, 0x40020b, XCB_NONE},
         }) {
        CAPTURE(focus);
        CHECK(active_of(named, focus, manager) == active);
    }
}

TEST_CASE("a frame is added to what a window covers, and taken from what is wanted") {
    const std::vector<std::uint32_t> extents{1, 2, 20, 4};
    const WindowArea inner{11, 30, 100, 50};
    CHECK(with_frame(inner, extents) == WindowArea{10, 10, 103, 74});
    CHECK(without_frame({10, 10, 103, 74}, extents) == inner);
    CHECK(without_frame({0, 0, 2, 2}, extents) == WindowArea{1, 20, 1, 1});
    // What is no frame changes nothing.
    for (const auto& wrong : {std::vector<std::uint32_t>{}, std::vector<std::uint32_t>{1, 2, 3},
                              std::vector<std::uint32_t>{1, 2, 3, std::numeric_limits<std::uint32_t>::max()}})
        CHECK(with_frame(inner, wrong) == inner);
}

TEST_CASE("states and types are those that the hints name") {
    const auto atoms = made_up_atoms();
    Window window;
    note_states(window, {}, atoms);
    CHECK_FALSE((window.is_minimized || window.is_maximized || window.is_fullscreen));
    const std::vector<std::uint32_t> half{atoms[Hint::maximized_width], 7};
    note_states(window, half, atoms);
    CHECK_FALSE(window.is_maximized);
    const std::vector<std::uint32_t> all{atoms[Hint::maximized_height], atoms[Hint::hidden],
                                         atoms[Hint::fullscreen], atoms[Hint::maximized_width]};
    note_states(window, all, atoms);
    CHECK((window.is_minimized && window.is_maximized && window.is_fullscreen));

    const std::vector<std::uint32_t> types{7, atoms[Hint::type_dialog], atoms[Hint::type_dock]};
    CHECK(type_of(types, atoms) == "dialog");
    CHECK(type_of({}, atoms) == "normal");
    CHECK(type_of(half, atoms) == "normal");
}

TEST_CASE("the sizes that a program allows are those of its hints") {
    std::vector<std::uint32_t> numbers(18);
    const auto none = size_hints_of(numbers);
    CHECK(none.least_width == 1);
    CHECK(none.most_height == 32767);
    CHECK(none.width_step == 1);
    numbers[0] = 1u << 4 | 1u << 5 | 1u << 6;
    numbers[5] = numbers[7] = 300;
    numbers[6] = numbers[8] = 200;
    numbers[9] = 6;
    const auto fixed = size_hints_of(numbers);
    CHECK(fixed.is_fixed());
    CHECK(fixed.width_step == 6);
    CHECK(fixed.height_step == 1);  // 0 is none
    numbers[8] = 201;
    CHECK_FALSE(size_hints_of(numbers).is_fixed());
    numbers[8] = std::numeric_limits<std::uint32_t>::max();
    CHECK(size_hints_of(numbers).most_height == 32767);
    CHECK_FALSE(size_hints_of(std::vector<std::uint32_t>{1u << 4 | 1u << 5, 1, 2}).is_fixed());
    CHECK_FALSE(size_hints_of({}).is_fixed());
}
