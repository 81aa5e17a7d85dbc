#include "rfb/client_filter.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using carrel::rfb::ClientFilter;

namespace {

std::string bytes(std::initializer_list<int> numbers) {
    std::string text;
    for (const int number : numbers) text += static_cast<char>(number);
    return text;
}

const std::string handshake = "RFB 003.008\n" + bytes({1, 1});
const std::string key_down = bytes({4, 1, 0, 0, 0, 0, 0, 'a'});
const std::string pointer = bytes({5, 0x81, 0, 9, 0, 9});
const std::string paste = bytes({6, 0, 0, 0, 0, 0, 0, 2}) + "hi";
const std::string extended_paste = bytes({6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf8, 1, 0, 0, 1, 0, 0, 0, 0});
const std::string resize = bytes({251, 0, 4, 0, 3, 0, 1, 0}) + std::string(16, 's');
const std::string qemu_key = bytes({255, 0, 0, 1, 0, 0, 0, 'a', 0, 0, 0, 30});
const std::string pixel_format = bytes({0}) + std::string(19, 'p');
const std::string encodings = bytes({2, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 16});
const std::string update = bytes({3, 1, 0, 0, 0, 0, 4, 0, 3, 0});
const std::string continuous = bytes({150, 1, 0, 0, 0, 0, 4, 0, 3, 0});
const std::string fence = bytes({248, 0, 0, 0, 0, 0, 0, 1, 3}) + "abc";

/// What passes when `stream` is fed in pieces; "refused" when it was.
std::string filter(const std::string& stream, bool view_only, std::size_t piece) {
    ClientFilter filter{view_only};
    std::string passed;
    for (std::size_t place = 0; place < stream.size(); place += piece) {
        const auto part = filter.feed(std::string_view{stream}.substr(place, piece));
        if (!part) return "refused";
        passed += *part;
    }
    return passed;
}

}  // namespace

TEST_CASE("whoever is in control may say everything, however it is cut") {
    const auto all = handshake + pixel_format + encodings + update + key_down + pointer + paste +
                     extended_paste + resize + qemu_key + continuous + fence + update;
    for (std::size_t piece = 1; piece <= all.size(); ++piece) CHECK(filter(all, false, piece) == all);
}

TEST_CASE("who only looks may ask for frames and touch nothing, however it is cut") {
    const auto all = handshake + pixel_format + key_down + encodings + pointer + update + paste +
                     extended_paste + resize + continuous + qemu_key + fence + update;
    const auto passed = handshake + pixel_format + encodings + update + continuous + fence + update;
    for (std::size_t piece = 1; piece <= all.size(); ++piece) CHECK(filter(all, true, piece) == passed);
}

TEST_CASE("what cannot be measured or is too large is refused") {
    const std::string cases[] = {
        "RFB 004.000\n",
        "RFB 002.008\n",
        "RFB 003.8  \n",
        "RFB 003.+08\n",
        "RFB 003.008 ",
        "RFB 003.003\n" + bytes({1, 7}),
        "GET / HTTP/1",
        "RFB 003.008\n" + bytes({2}),
        handshake + bytes({1}),
        handshake + bytes({7}),
        handshake + bytes({250, 0, 1, 2}),
        handshake + bytes({252, 1, 0, 0}),
        handshake + bytes({255, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
        handshake + bytes({2, 0, 1, 1}),
        handshake + bytes({6, 0, 0, 0, 0, 0x10, 0, 1}),
        handshake + bytes({6, 0, 0, 0, 0x80, 0, 0, 0}),
        handshake + bytes({248, 0, 0, 0, 0, 0, 0, 1, 65}),
        handshake + bytes({251, 0, 4, 0, 3, 0, 17, 0}),
    };
    for (const auto& stream : cases)
        for (const bool view_only : {false, true}) {
            CAPTURE(stream);
            CHECK(filter(stream, view_only, 1) == "refused");
            CHECK(filter(stream, view_only, stream.size()) == "refused");
        }
    const auto largest = handshake + bytes({6, 0, 0, 0, 0, 0x10, 0, 0}) + std::string(1 << 20, 'x');
    CHECK(filter(largest, false, 4096) == largest);
}

TEST_CASE(
    "viewers of 3.3, which choose no security type, and of unpublished versions are as good as others") {
    const auto rest = pixel_format + encodings + update + key_down + pointer + resize;
    const auto seen = pixel_format + encodings + update;
    struct Case {
        std::string said;
        std::string passed;
    };
    for (const auto& [said, passed] :
         {Case{"RFB 003.003\n" + bytes({0}), "RFB 003.003\n" + bytes({1})},
          Case{"RFB 003.005\n" + bytes({0}), "RFB 003.003\n" + bytes({1})},
          Case{"RFB 003.000\n" + bytes({1}), "RFB 003.003\n" + bytes({1})},
          Case{"RFB 003.007\n" + bytes({1, 0}), "RFB 003.007\n" + bytes({1, 1})},
          Case{"RFB 003.889\n" + bytes({1, 0}), "RFB 003.008\n" + bytes({1, 1})}})
        for (std::size_t piece = 1; piece <= 20; ++piece) {
            CHECK(filter(said + rest, false, piece) == passed + rest);
            CHECK(filter(said + rest, true, piece) == passed + seen);
        }
}

TEST_CASE("a viewer is always shared, and never asks for pointer events of another size") {
    CHECK(filter("RFB 003.008\n" + bytes({1, 0}), false, 3) == handshake);
    const auto asked = bytes({2, 0, 0, 3, 0, 0, 0, 7, 0xff, 0xff, 0xfe, 0xc4, 0, 0, 0, 16});
    CHECK(filter(handshake + asked, false, 5) == handshake + encodings);
}

TEST_CASE("who only looks is sent no clipboard in the extended format, which they could not agree on") {
    const auto asked = bytes({2, 0, 0, 3, 0, 0, 0, 7, 0xc0, 0xa1, 0xe5, 0xce, 0, 0, 0, 16});
    CHECK(filter(handshake + asked, true, 5) == handshake + encodings);
    CHECK(filter(handshake + asked, false, 5) == handshake + asked);
    const auto nothing_else = bytes({2, 0, 0, 1, 0xc0, 0xa1, 0xe5, 0xce});
    CHECK(filter(handshake + nothing_else, true, 1) == handshake + bytes({2, 0, 0, 0}));
}

TEST_CASE("an extended clipboard message ends where it says, for the display reads no further") {
    const auto message = [](int length, int actions, int formats) {
        return bytes({6, 0, 0, 0, 0xff, 0xff, 0xff, 256 - length, actions, 0, 0, formats}) +
               std::string(static_cast<std::size_t>(std::max(length - 4, 0)), '\0');
    };
    const auto is_passed = [&](int length, int actions, int formats) {
        const auto all = handshake + message(length, actions, formats) + update;
        const auto passed = filter(all, false, 7);
        CHECK((passed == all || passed == "refused"));
        return passed == all;
    };
    for (const int single : {2, 4, 8}) {
        CHECK(is_passed(4, single, 1));
        CHECK_FALSE(is_passed(10, single, 1));
        CHECK_FALSE(is_passed(4, single | 0x20, 1));
    }
    CHECK(is_passed(4, 1, 0));
    CHECK(is_passed(12, 0x1f, 3));
    CHECK_FALSE(is_passed(8, 1, 3));
    CHECK_FALSE(is_passed(14, 1, 3));
    for (const int length : {4, 5, 200}) CHECK(is_passed(length, 0x10, 1));
    CHECK_FALSE(is_passed(10, 0x12, 1));
    CHECK_FALSE(is_passed(10, 0, 1));
    CHECK_FALSE(is_passed(10, 6, 1));
    CHECK(filter(handshake + bytes({6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe, 2, 0}) + update, false, 3) ==
          "refused");
    // Of who only looks it is dropped whole.
    CHECK(filter(handshake + message(10, 2, 1) + update, true, 3) == handshake + update);
}

TEST_CASE("a change of mode holds from the next whole message on") {
    ClientFilter filter{false};
    REQUIRE(filter.feed(handshake));
    CHECK(*filter.feed(key_down + key_down.substr(0, 3)) == key_down);
    filter.set_view_only(true);
    CHECK(filter.is_view_only());
    CHECK(*filter.feed(key_down.substr(3) + update) == update);
    filter.set_view_only(false);
    CHECK(*filter.feed(key_down) == key_down);
}
