#include "rfb/client_filter.hpp"

#include <doctest/doctest.h>

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
const std::string extended_paste = bytes({6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 1, 0, 0, 1});
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
        "RFB 003.003\n",
        "RFB 004.000\n",
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

TEST_CASE("a viewer is always shared, and never asks for pointer events of another size") {
    CHECK(filter("RFB 003.008\n" + bytes({1, 0}), false, 3) == handshake);
    const auto asked = bytes({2, 0, 0, 3, 0, 0, 0, 7, 0xff, 0xff, 0xfe, 0xc4, 0, 0, 0, 16});
    CHECK(filter(handshake + asked, false, 5) == handshake + encodings);
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
