#include "net/sse.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace carrel::net;

namespace {

std::vector<SseEvent> parse(std::string_view text, std::size_t piece) {
    SseParser parser;
    std::vector<SseEvent> events;
    while (!text.empty()) {
        REQUIRE(parser.push(text.substr(0, piece)));
        text.remove_prefix(std::min(piece, text.size()));
        while (auto event = parser.pop()) events.push_back(std::move(*event));
    }
    return events;
}

}  // namespace

TEST_CASE("a frame holds id, event and each line of data") {
    CHECK(sse_frame(7, "text", "{}") == "id: 7\nevent: text\ndata: {}\n\n");
    CHECK(sse_frame(std::nullopt, "", "") == "data: \n\n");
    CHECK(sse_frame(std::nullopt, "x", "a\nb\r\nc\rd") == "event: x\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
}

TEST_CASE("a stream gives the same events however it is cut and whatever ends its lines") {
    struct Case {
        std::string text;
        std::vector<SseEvent> events;
    };
    const Case cases[] = {
        {"data: a\n\n", {{"message", "a", ""}}},
        {"\xef\xbb\xbf"
         "data: a\n\n",
         {{"message", "a", ""}}},
        {"event: x\r\ndata:a\r\ndata:  b\r\n\r\n", {{"x", "a\n b", ""}}},
        {"data: a\r\rdata: b\r\r", {{"message", "a", ""}, {"message", "b", ""}}},
        {": comment\n\nevent: lost\n\ndata\n\n", {{"message", "", ""}}},
        {"id: 1\ndata: a\n\ndata: b\nid: 2\n\n", {{"message", "a", "1"}, {"message", "b", "2"}}},
        {"unknown: x\nretry: 5\ndata: a\n\ndata: cut", {{"message", "a", ""}}},
        {sse_frame(9, "y", "1\n\n2") + std::string{sse_keep_alive}, {{"y", "1\n\n2", "9"}}},
    };
    for (const auto& each : cases)
        for (std::size_t piece = 1; piece <= each.text.size(); ++piece) {
            CAPTURE(each.text);
            CAPTURE(piece);
            CHECK(parse(each.text, piece) == each.events);
        }
}

TEST_CASE("an event larger than the limit is refused, and nothing is taken after it") {
    SseParser line{16};
    CHECK(line.push("data: 123456789"));
    CHECK_FALSE(line.push("0123456789"));
    CHECK_FALSE(line.push("\n\n"));
    SseParser lines{16};
    CHECK(lines.push("data: 12345\n"));
    CHECK_FALSE(lines.push("data: 12345\ndata: 12345\ndata: 12345\n"));
    SseParser many{16};
    for (int i = 0; i < 100; ++i) CHECK(many.push("data: 12345\n\n"));
}
