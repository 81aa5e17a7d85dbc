#include "rfb/key_event.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "rfb/client_filter.hpp"

using namespace carrel::rfb;
using namespace std::string_literals;

namespace {

const auto down = "\4\1\0\0\1\0\4f"s;
const auto extended_up = "\xff\0\0\0\0\0\0a\0\0\0\x1e"s;
const auto pointer = "\5\0\0\1\0\1"s;

}  // namespace

TEST_CASE("key events are read in both forms") {
    CHECK(find_key_event(down) == KeyEvent{0x01000466, 0, true});
    CHECK(find_key_event(extended_up) == KeyEvent{'a', 0x1e, false});
    CHECK(find_key_event("\xff\0\0\1\0\0\0\0\0\0\0\xb8"s) == KeyEvent{0, 0xb8, true});
}

TEST_CASE("other messages and cut ones are none") {
    for (const auto& message : {pointer, "RFB 003.008\n"s, "\1"s, ""s, down.substr(0, 7),
                                extended_up.substr(0, 11), down + "x", "\xff\1\0\0\0\0\0a\0\0\0\x1e"s})
        CHECK_FALSE(find_key_event(message));
}

TEST_CASE("a key event is written as it is read") {
    CHECK(to_message({0x01000466, 0, true}) == down);
    CHECK(to_message({'a', 0x1e, false}) == extended_up);
    for (const bool is_down : {true, false})
        for (const std::uint32_t keysym : {0u, 0xe4u, 0xffe1u, 0xfffefdfcu})
            for (const std::uint32_t place : {0u, 1u, 0xb8u, 0x80ffeeddu}) {
                const KeyEvent event{keysym, place, is_down};
                CHECK(find_key_event(to_message(event)) == event);
            }
}

TEST_CASE("a viewer's stream is given message by message, however it is cut") {
    const auto handshake = "RFB 003.008\n\1\1"s;
    const auto all = handshake + down + pointer + extended_up;
    const std::vector<std::string> expected{"RFB 003.008\n", "\1", "\1", down, pointer, extended_up};
    for (std::size_t piece = 1; piece <= all.size(); ++piece) {
        ClientFilter filter{false};
        std::vector<std::string> found;
        for (std::size_t place = 0; place < all.size(); place += piece) {
            auto bytes = std::string_view{all}.substr(place, piece);
            while (true) {
                const auto message = filter.next(bytes);
                REQUIRE(message);
                if (!*message) break;
                found.push_back(**message);
            }
            CHECK(bytes.empty());
        }
        CHECK(found == expected);
    }
}
