#include "net/http.hpp"

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "net/sha1.hpp"
#include "net/websocket_frames.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::net;

TEST_CASE("header names compare without regard to case, and repeat") {
    Headers headers{{"Accept", "a, B ,c"}, {"accept", "d"}};
    CHECK(headers.find("ACCEPT") == "a, B ,c");
    CHECK(headers.count("Accept") == 2);
    CHECK(headers.has_token("accept", "b"));
    CHECK(headers.has_token("accept", "d"));
    CHECK_FALSE(headers.has_token("accept", "a, B"));
    headers.set("accept", "e");
    CHECK(headers.size() == 1);
    headers.remove("ACCEPT");
    CHECK_FALSE(headers.has("accept"));
}

TEST_CASE("a media type is the Content-Type without its parameters") {
    struct Case {
        const char* line;
        const char* type;
    };
    for (const auto& [line, type] :
         {Case{"Image/PNG", "Image/PNG"}, Case{" text/html ; charset=x", "text/html"}, Case{"", ""},
          Case{";", ""}})
        CHECK(Headers{{"content-type", line}}.media_type() == type);
    CHECK(Headers{}.media_type() == "");
}

TEST_CASE("a target is split and its query decoded, in order and with repeated names") {
    Request request;
    REQUIRE(set_target(request, "/a%20b/c?x=1&y=%C3%A4+b&x=2&&flag&=e&z=a=b"));
    CHECK(request.path == "/a%20b/c");
    CHECK(request.query ==
          Query{{"x", "1"}, {"y", "\xc3\xa4 b"}, {"x", "2"}, {"flag", ""}, {"", "e"}, {"z", "a=b"}});
    CHECK(request.find_query("x") == "1");
    CHECK_FALSE(request.find_query("w"));
    for (const auto* bad : {"/%", "/%g0", "/a%00b", "/?x=%", "/?%zz=1"})
        CHECK_FALSE(set_target(request, bad));
}

TEST_CASE("a body is read whole up to its limit and not beyond") {
    fakes::run_loop([](async::Executor) -> Task<> {
        for (const std::size_t size : {0, 1, 4095, 4096, 4097, 200'000}) {
            const std::string text(size, 'x');
            CHECK(co_await read_all(*make_source(text), size) == text);
            if (size == 0) continue;
            try {
                co_await read_all(*make_source(text), size - 1);
                FAIL("no throw");
            } catch (const core::Error& error) {
                CHECK(error.reason() == "too_large");
            }
        }
    });
}

TEST_CASE("a response has one body, and tells of it what there is") {
    fakes::run_loop([](async::Executor) -> Task<> {
        Response nothing{.status = 204};
        CHECK(nothing.length() == 0);
        CHECK(Response{.body = NoBody{7}}.length() == 7);
        auto text = json_response(200, "{}");
        CHECK(text.text() == "{}");
        CHECK(text.length() == 2);
        CHECK(text.source() == nullptr);
        auto endless = stream_response(200, {}, make_source("abc"));
        CHECK(endless.source() != nullptr);
        CHECK_FALSE(endless.length());
        CHECK(endless.text() == "");
        auto counted = stream_response(206, {{"ETag", "x"}}, make_source("abcd"), 4);
        CHECK(counted.status == 206);
        CHECK(counted.headers.find("etag") == "x");
        CHECK(counted.length() == 4);
        for (auto* response : {&nothing, &text, &endless, &counted}) CHECK_FALSE(response->is_upgrade());
        const auto upgrade = upgrade_response({}, [](std::unique_ptr<Stream>) -> Task<> { co_return; });
        CHECK(upgrade.status == 101);
        CHECK(upgrade.is_upgrade());
        CHECK_FALSE(upgrade.length());

        CHECK(co_await read_all(nothing, 0) == "");
        CHECK(co_await read_all(text, 2) == "{}");
        CHECK(co_await read_all(endless, 3) == "abc");
        CHECK(co_await read_all(counted, 4) == "abcd");
        for (const bool is_streamed : {false, true}) {
            auto large =
                is_streamed ? stream_response(200, {}, make_source("abc")) : text_response(200, "abc");
            std::string reason;
            try {
                co_await read_all(large, 2);
            } catch (const core::Error& error) {
                reason = error.reason();
            }
            CHECK(reason == "too_large");
        }
    });
}

TEST_CASE("the WebSocket handshake's digest is that of the standards") {
    CHECK(core::to_hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(core::to_hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(core::to_hex(sha1(std::string(1'000'000, 'a'))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    for (std::size_t size = 50; size < 70; ++size) CHECK(sha1(std::string(size, 'a')).size() == 20);
    CHECK(make_accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
