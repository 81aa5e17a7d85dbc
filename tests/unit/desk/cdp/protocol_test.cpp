#include "desk/cdp/protocol.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::cdp;

namespace {

CdpMessage parsed(std::string_view text) { return core::value_or_throw(parse_cdp_message(text)); }

}  // namespace

TEST_CASE("an answer has the call's id, and a result or a refusal") {
    const auto good = std::get<CdpAnswer>(parsed(R"({"id":7,"result":{"a":1},"sessionId":"S"})"));
    CHECK(good.id == 7);
    CHECK(json::to_text(good.result) == R"({"a":1})");
    CHECK(!good.refusal);
    const auto bad =
        std::get<CdpAnswer>(parsed(R"({"id":8,"error":{"code":-32000,"message":"no such node"}})"));
    CHECK(bad.id == 8);
    REQUIRE(bad.refusal);
    CHECK(bad.refusal->code == -32000);
    CHECK(bad.refusal->message == "no such node");
}

TEST_CASE("an event belongs to a session, or to the browser") {
    const auto of_tab =
        std::get<CdpEvent>(parsed(R"({"method":"Page.loadEventFired","params":{"t":1},"sessionId":"S"})"));
    CHECK(of_tab.session == "S");
    CHECK(of_tab.method == "Page.loadEventFired");
    CHECK(json::to_text(of_tab.params) == R"({"t":1})");
    const auto of_browser = std::get<CdpEvent>(parsed(R"({"method":"Target.targetDestroyed"})"));
    CHECK(of_browser.session.empty());
    CHECK(of_browser.params.is_object());
}

TEST_CASE("what is neither is refused") {
    for (const std::string_view text :
         {"", "nonsense", "[]", "1", "{}", R"({"id":"x"})", R"({"id":-1,"result":{}})", R"({"method":7})",
          R"({"id":1,"result":)", R"({"id":1e99})"})
        CHECK_MESSAGE(!parse_cdp_message(text), text);
}

TEST_CASE("halves of surrogate pairs become a replacement, whole pairs stay") {
    struct Case {
        std::string_view text, value;
    };
    for (const auto& [text, value] :
         {Case{R"(\ud800x)", "\xef\xbf\xbdx"}, Case{R"(x\udc00)", "x\xef\xbf\xbd"},
          Case{R"(\ud83d\ude00)", "\xf0\x9f\x98\x80"},
          Case{R"(\ud800\ud83d\ude00)", "\xef\xbf\xbd\xf0\x9f\x98\x80"}, Case{R"(\\ud800)", R"(\ud800)"},
          Case{R"(\"\ud800\")", "\"\xef\xbf\xbd\""}, Case{"\xff", "\xef\xbf\xbd"}}) {
        // The half at the end of the same message makes each go through the mending.
        const auto message = std::get<CdpAnswer>(
            parsed(R"({"id":1,"result":{"v":")" + std::string{text} + R"(","w":"\ud800"}})"));
        CHECK(json::text_or(message.result, "v") == value);
        CHECK(json::text_or(message.result, "w") == "\xef\xbf\xbd");
    }
}

TEST_CASE("a document's tree may be deep, but not without end") {
    const auto nested = [](std::size_t depth) {
        return R"({"id":1,"result":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(parse_cdp_message(nested(900)));
    CHECK(!parse_cdp_message(nested(2000)));
}

TEST_CASE("the id of an answer is found in its beginning") {
    CHECK(find_answer_id(R"({"id":42,"result":{"data":"xxxx)") == 42);
    CHECK(!find_answer_id(R"({"method":"Page.x","params":{"id":42)"));
    CHECK(!find_answer_id(R"({"id":)"));
    CHECK(!find_answer_id(R"({"id":99999999999999999999999,)"));
    CHECK(!find_answer_id(""));
}

TEST_CASE("a call names its session, if it has one") {
    CHECK(make_cdp_call(3, {}, "Browser.getVersion", {}) ==
          R"({"id":3,"method":"Browser.getVersion","params":{}})");
    CHECK(make_cdp_call(4, "S\"", "A.b", {{"x", 1}}) ==
          R"({"id":4,"method":"A.b","params":{"x":1},"sessionId":"S\""})");
}
