#include "desk/input/keymap.hpp"

#include <doctest/doctest.h>

using namespace carrel::desk;
using namespace carrel::desk::input;

namespace {

/// Keycodes from 8: a A, 1 !, ö alone, then `spares` that mean nothing.
Keymap keymap_with(int spares) {
    std::vector<Keysym> keysyms{'a', 'A', '1', '!', 0xf6, 0};
    keysyms.resize(keysyms.size() + std::size_t(spares) * 2);
    return {8, 2, keysyms};
}

constexpr Keysym unicode = 0x01000100;
constexpr Keysym euro = 0x010020ac;
constexpr Keysym alpha = 0x010003b1;
constexpr Keysym beta = 0x010003b2;

}  // namespace

TEST_CASE("characters of the keyboard need no remap, with Shift where they are above") {
    auto keymap = keymap_with(1);
    const auto batches = keymap.plan({'a', 'A', '!', 0xf6, 0xd6});
    REQUIRE(batches.size() == 1);
    CHECK(batches[0].remaps.empty());
    CHECK_FALSE(batches[0].must_wait);
    CHECK(batches[0].strokes ==
          std::vector<Stroke>{{8, false}, {8, true}, {9, true}, {10, false}, {10, true}});
}

TEST_CASE("a character that the keyboard lacks takes a free key, and keeps it") {
    auto keymap = keymap_with(2);
    const auto first = keymap.plan({euro, 'a', euro});
    REQUIRE(first.size() == 1);
    CHECK(first[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{11, euro}});
    CHECK(first[0].strokes == std::vector<Stroke>{{11, false}, {8, false}, {11, false}});
    const auto again = keymap.plan({euro});
    CHECK(again[0].remaps.empty());
}

TEST_CASE("when free keys run out, the rest waits until what was typed has been read") {
    auto keymap = keymap_with(2);
    const auto batches = keymap.plan({euro, alpha, beta, euro});
    REQUIRE(batches.size() == 2);
    CHECK(batches[0].strokes == std::vector<Stroke>{{11, false}, {12, false}});
    CHECK_FALSE(batches[0].must_wait);
    CHECK(batches[1].must_wait);
    // beta takes the key whose use is longest ago, so the euro is there no more and takes the other.
    CHECK(batches[1].remaps == std::vector<std::pair<Keycode, Keysym>>{{11, beta}, {12, euro}});
}

TEST_CASE("a later text that needs another's key waits as well") {
    auto keymap = keymap_with(1);
    keymap.plan({euro});
    const auto batches = keymap.plan({alpha});
    REQUIRE(batches.size() == 1);
    CHECK(batches[0].must_wait);
    CHECK(batches[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{11, alpha}});
}

TEST_CASE("a key whose use has been read needs no other wait") {
    auto keymap = keymap_with(2);
    keymap.plan({euro, alpha});
    const auto waiting = keymap.plan({beta});
    REQUIRE(waiting[0].must_wait);
    keymap.note_read(waiting[0]);
    // alpha was planned before the wait, beta after it.
    const auto next = keymap.plan({euro});
    CHECK_FALSE(next[0].must_wait);
    CHECK(next[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{12, euro}});
    const auto after = keymap.plan({alpha});
    CHECK(after[0].must_wait);
    CHECK(after[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{11, alpha}});
}

TEST_CASE("without any free key there is no plan") {
    auto keymap = keymap_with(0);
    CHECK(keymap.plan({euro}).empty());
    CHECK(keymap.plan({'a'}).size() == 1);
}

TEST_CASE("a map that is read again keeps our keys, with the meaning that they have now") {
    auto keymap = keymap_with(2);
    keymap.plan({euro, alpha});
    // Somebody has given keycode 12 another meaning.
    keymap.replace({8, 2, {'a', 'A', '1', '!', 0xf6, 0, euro, euro, beta, beta}});
    CHECK(keymap.plan({euro})[0].remaps.empty());
    CHECK(keymap.plan({beta})[0].remaps.empty());
    const auto batches = keymap.plan({alpha});
    REQUIRE(batches.size() == 1);
    CHECK(batches[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{11, alpha}});
    CHECK(batches[0].must_wait);
}

TEST_CASE("a key of ours that is in the map is still not taken for one of the keyboard") {
    auto keymap = keymap_with(1);
    keymap.plan({euro});
    keymap.replace({8, 2, {'a', 'A', '1', '!', 0xf6, 0, euro, euro}});
    keymap.plan({alpha});
    CHECK(keymap.plan({euro})[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{11, euro}});
}

TEST_CASE("of two layouts the one in effect counts, and of a third nothing is known") {
    // Keycodes from 8: q Q and its Cyrillic neighbours; Return is the same in both; one that means nothing.
    Keymap keymap{8, 4, {'q', 'Q', 0x6ca, 0x6ea, 0xff0d, 0, 0xff0d, 0, 0, 0, 0, 0}};
    CHECK(keymap.find('Q') == Stroke{8, true});
    CHECK_FALSE(keymap.find(0x6ca));
    keymap.use_group(1);
    CHECK_FALSE(keymap.find('q'));
    CHECK(keymap.find(0x6ea) == Stroke{8, true});
    CHECK(keymap.find(0xff0d) == Stroke{9, false});
    CHECK(keymap.plan({'q'})[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{10, 'q'}});
    keymap.use_group(2);
    CHECK_FALSE(keymap.find(0xff0d));
    CHECK(keymap.find_key(0xff0d) == 9);
    CHECK_FALSE(keymap.find_key(0));
}

TEST_CASE("a text is planned piece by piece, and others may borrow keys between the pieces") {
    auto keymap = keymap_with(2);
    const std::vector<Keysym> text{euro, 'a', euro, alpha};
    std::span<const Keysym> rest{text};
    const auto first = keymap.plan_next(rest, 2);
    REQUIRE(first);
    CHECK(first->strokes == std::vector<Stroke>{{11, false}, {8, false}});
    CHECK(rest.size() == 2);
    // Somebody else takes the other key, and then the first one.
    CHECK(keymap.plan({beta})[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{12, beta}});
    CHECK(keymap.plan({unicode})[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{11, unicode}});
    const auto second = keymap.plan_next(rest, 2);
    REQUIRE(second);
    CHECK(second->must_wait);
    CHECK(second->remaps == std::vector<std::pair<Keycode, Keysym>>{{12, euro}, {11, alpha}});
    CHECK(second->strokes == std::vector<Stroke>{{12, false}, {11, false}});
    CHECK(rest.empty());
}

TEST_CASE("what somebody has down is the last to get another meaning, until everybody has let go") {
    auto keymap = keymap_with(2);
    keymap.plan({euro, alpha});
    keymap.keep(11);
    keymap.keep(11);
    keymap.let_go(11);
    CHECK(keymap.plan({beta})[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{12, beta}});
    CHECK(keymap.plan({unicode})[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{12, unicode}});
    keymap.let_go(11);
    CHECK(keymap.plan({beta})[0].remaps == std::vector<std::pair<Keycode, Keysym>>{{11, beta}});
    // With all of them down one must give way; a keycode that is no spare one is nobody's to keep.
    keymap.keep(11);
    keymap.keep(12);
    keymap.keep(8);
    CHECK(keymap.plan({euro}).size() == 1);
}

TEST_CASE("many texts in turn are typed as if each stroke were looked up when it is made") {
    Keymap keymap{8, 2, std::vector<Keysym>(2 * 5)};
    std::map<Keycode, Keysym> display;
    for (Keysym round = 0; round < 50; ++round) {
        std::vector<Keysym> text;
        for (Keysym i = 0; i < 23; ++i) text.push_back(unicode + (round * 7 + i * i) % 13);
        std::vector<Keysym> typed;
        for (const auto& batch : keymap.plan(text)) {
            for (const auto& [code, keysym] : batch.remaps) display[code] = keysym;
            for (const auto& stroke : batch.strokes) typed.push_back(display[stroke.code]);
        }
        REQUIRE(typed == text);
        std::vector<Keysym> rows(2 * 5);
        for (const auto& [code, keysym] : display) rows[(code - 8) * 2] = rows[(code - 8) * 2 + 1] = keysym;
        if (round % 3 == 0) keymap.replace({8, 2, rows});
    }
}
