#include "desk/input/viewer_keys.hpp"

#include <doctest/doctest.h>

using namespace carrel::desk::input;

namespace {

constexpr Keysym cyrillic_a = 0x6c1;  // older than Unicode

/// q, Return, AltGr, Cyrillic a in the second layout, and a key that means nothing.
Keymap keymap() {
    return {24, 4, {'q', 'Q', 0, 0, 0xff0d, 0, 0, 0, 0xfe03, 0, 0, 0, 'a', 'A', cyrillic_a, 0, 0, 0, 0, 0}};
}

}  // namespace

TEST_CASE("what the keyboard has is not lent a key") {
    for (const Keysym keysym : {Keysym{'q'}, Keysym{'Q'}, Keysym{0xff0d}, Keysym{0xfe03}, Keysym{0}})
        CHECK_FALSE(is_lacking(keysym, keymap()));
}

TEST_CASE("what it lacks is, also what is no character: the X server would look in vain as well") {
    for (const Keysym keysym : {Keysym{0xe4}, Keysym{0x13be}, Keysym{0x01004f60}, Keysym{0xfe50},
                                Keysym{0x1008ff12}, Keysym{0xffffffff}})
        CHECK(is_lacking(keysym, keymap()));
}

TEST_CASE("characters are looked for in the layout in effect, other keys in every one") {
    auto other = keymap();
    other.use_group(1);
    CHECK(is_lacking(cyrillic_a, keymap()));
    CHECK_FALSE(is_lacking(cyrillic_a, other));
    CHECK(is_lacking('q', other));
    CHECK_FALSE(is_lacking(0xff0d, other));
}

TEST_CASE("a key that is lent already is lent again, to be kept") {
    auto some = keymap();
    some.plan({0xe4});
    CHECK(is_lacking(0xe4, some));
}
