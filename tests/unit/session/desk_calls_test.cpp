#include "session/desk_calls.hpp"

#include <doctest/doctest.h>

#include "session/picture_size.hpp"
#include "tests/unit/session/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using async::Task;
using tests::House;
using tests::in_a_house;

TEST_CASE("the time for a call is what the input allows and some to spare") {
    CHECK(session::time_limit({}) == 30s);
    CHECK(session::time_limit({{"timeout", 300}}) == 330s);
    CHECK(session::time_limit({{"duration", 2.5}}) == 32'500ms);
    CHECK(session::time_limit({{"timeout", "soon"}}) == 30s);
    CHECK(session::time_limit({{"timeout", -5}}) == 30s);
    CHECK(session::time_limit({{"timeout", 1e300}}) == 3'630s);
}

TEST_CASE("a picture's size is read from its own header, and only from one that is whole") {
    struct Case {
        std::string_view bytes;
        std::string_view media_type;
        std::optional<agent::Size> size;
    };
    const auto png = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\4\0\0\0\3\0\x08\2\0\0\0"sv;
    const auto jpeg = "\xff\xd8\xff\xe0\0\4AB\xff\xc0\0\x11\x08\3\0\4\0\3rest"sv;
    const Case cases[] = {
        {png, "image/png", agent::Size{1024, 768}},
        {jpeg, "image/jpeg", agent::Size{1024, 768}},
        {png, "image/jpeg", std::nullopt},
        {jpeg, "image/png", std::nullopt},
        {png, "image/webp", std::nullopt},
        {png.substr(0, 20), "image/png", std::nullopt},
        {jpeg.substr(0, 12), "image/jpeg", std::nullopt},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\0\0\3\0"sv, "image/png", std::nullopt},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\3\0"sv, "image/png", std::nullopt},
        {"\xff\xd8\xff\xe0\0\0\xff\xc0\0\x11\x08\3\0\4\0\3rest"sv, "image/jpeg", std::nullopt},
        {"", "image/png", std::nullopt},
    };
    for (const auto& test : cases) {
        CAPTURE(test.bytes.size());
        CAPTURE(test.media_type);
        CHECK(session::find_picture_size(test.bytes, test.media_type) == test.size);
    }
}

TEST_CASE("an operation is called by its row, and its refusal is an error with the desk's words") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        session::FleetDeskCalls calls{house.fleet, id};
        house.host.only().operation = [](net::Request& request) -> Task<net::Response> {
            if (request.path == "/screen/cursor_position") {
                CHECK(request.method == "GET");
                co_return net::json_response(200, R"({"x":1,"y":2})");
            }
            CHECK(request.method == "POST");
            CHECK(request.path == "/keyboard/type");
            CHECK(co_await net::read_all(*request.body, 100) == R"({"text":"hi"})");
            co_return net::json_response(422, R"({"detail":[{"loc":["body","text"],"msg":"is too short"}]})");
        };
        CHECK(json::to_text(co_await calls.call("screen/cursor_position", {})) == R"({"x":1,"y":2})");
        const auto error = co_await house.failure_of(calls.call("keyboard/type", {{"text", "hi"}}));
        CHECK(error.code() == core::Code::invalid);
        CHECK(error.message() == "text: is too short");
        CHECK((co_await house.failure_of(calls.call("no/such", {}))).code() == core::Code::internal);
        house.host.only().operation = [](net::Request&) -> Task<net::Response> {
            co_return net::text_response(200, "not JSON");
        };
        CHECK((co_await house.failure_of(calls.call("keyboard/type", {}))).reason() == "bad_desk_answer");
        CHECK((co_await house.failure_of(calls.picture("screen/screenshot", {}))).reason() ==
              "bad_desk_answer");
        co_await house.service.remove(ops::local_principal(), id, false);
        CHECK((co_await house.failure_of(calls.call("keyboard/type", {}))).reason() == "desk_ended");
    });
}
