// What is decided of texts and values alone: stored state, addresses of the endpoint, values of scripts.
#include <doctest/doctest.h>

#include "desk/browser/devtools.hpp"
#include "desk/browser/evaluate.hpp"
#include "desk/browser/storage_state.hpp"
#include "desk/cdp/endpoint.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::browser;

namespace {

json::Value value(std::string_view text) { return core::value_or_throw(json::parse(text)); }
json::Object object(std::string_view text) { return value(text).as_object(); }

}  // namespace

TEST_CASE("the origin of an address is its scheme, host and port") {
    struct Case {
        std::string_view url, origin;
    };
    for (const auto& [url, origin] :
         {Case{"https://Example.com/a?b#c", "https://example.com"},
          Case{"http://user:pw@h:8080/", "http://h:8080"}, Case{"HTTPS://h?x", "https://h"},
          Case{"http://[::1]:80/", "http://[::1]:80"}, Case{"file:///etc", ""},
          Case{"data:text/html,https://x", ""}, Case{"http://", ""}, Case{"", ""}, Case{"https:", ""}})
        CHECK_MESSAGE(origin_of(url) == origin, url);
}

TEST_CASE("cookies are written as Playwright reads them, and back") {
    const auto saved = to_saved_cookies(value(R"({"cookies":[
        {"name":"a","value":"1","domain":".x.example","path":"/p","expires":1999999999.5,"httpOnly":true,"secure":true,
         "session":false,"sameSite":"None","size":2},
        {"name":"b","value":"","domain":"x.example","path":"/","expires":-1,"session":true},7]})"));
    REQUIRE(saved.size() == 2);
    CHECK(saved[0] ==
          value(R"({"name":"a","value":"1","domain":".x.example","path":"/p","expires":1999999999.5,
                               "httpOnly":true,"secure":true,"sameSite":"None"})"));
    CHECK(saved[1] ==
          value(R"({"name":"b","value":"","domain":"x.example","path":"/","expires":-1,"httpOnly":false,
                               "secure":false,"sameSite":"Lax"})"));
    CHECK(to_saved_cookies(value("{}")).empty());
    const auto back = to_browser_cookies({saved[0].as_object(), saved[1].as_object()});
    REQUIRE(back);
    CHECK(back->at(0).at("expires").as_double() == 1999999999.5);
    CHECK(!back->at(1).as_object().contains("expires"));
}

TEST_CASE("a cookie without a name, and those of one top-level site alone, go there and back") {
    const auto saved = to_saved_cookies(value(R"({"cookies":[
        {"name":"","value":"x","domain":"d","session":true},
        {"name":"a","value":"1","domain":"d","secure":true,"session":true,
         "partitionKey":{"topLevelSite":"https://s","hasCrossSiteAncestor":false}}]})"));
    CHECK(saved[0].at("name") == "");
    CHECK(!saved[0].as_object().contains("partitionKey"));
    CHECK(saved[1].at("partitionKey") == "https://s");
    CHECK(saved[1].at("_crHasCrossSiteAncestor") == false);
    auto alone = saved[1].as_object();
    alone.erase("_crHasCrossSiteAncestor");
    const auto back = to_browser_cookies({saved[0].as_object(), saved[1].as_object(), alone});
    REQUIRE(back);
    CHECK(back->at(0).at("name") == "");
    CHECK(back->at(1).at("partitionKey") ==
          value(R"({"topLevelSite":"https://s","hasCrossSiteAncestor":false})"));
    // As Playwright takes it.
    CHECK(back->at(2).at("partitionKey").at("hasCrossSiteAncestor") == true);
}

TEST_CASE("cookies that nobody could set are refused with their place") {
    for (const auto* text :
         {R"({"name":"","value":"","domain":"d"})", R"({"value":"x","domain":"d"})",
          R"({"name":7,"value":"x","domain":"d"})", R"({"name":"a","domain":"d"})",
          R"({"name":"a","value":"x","domain":"d","partitionKey":""})",
          R"({"name":"a","value":"x","domain":"d","partitionKey":{"topLevelSite":"https://s"}})",
          R"({"name":"a","value":"x","domain":"d","_crHasCrossSiteAncestor":"yes"})",
          R"({"name":"a","value":1,"domain":"d"})", R"({"name":"a","value":"x"})",
          R"({"name":"a","value":"x","domain":"d","sameSite":"lax"})",
          R"({"name":"a","value":"x","domain":"d","sameSite":null})",
          R"({"name":"a","value":"x","domain":"d","expires":"soon"})"}) {
        const auto judged =
            to_browser_cookies({object(R"({"name":"a","value":"x","url":"https://d"})"), object(text)});
        REQUIRE_MESSAGE(!judged, text);
        CHECK(judged.error().message().starts_with("cookies[1] "));
    }
}

TEST_CASE("origins with their items are read, or refused with their place") {
    const auto read =
        read_origins({object(R"({"origin":"https://A.example","localStorage":[{"name":"","value":"v"}]})"),
                      object(R"({"origin":"http://b:1"})")});
    REQUIRE(read);
    CHECK(read->at("https://a.example") == Items{{"", "v"}});
    CHECK(read->at("http://b:1").empty());
    for (const auto* text :
         {"{}", R"({"origin":"x"})", R"({"origin":"https://a/"})",
          R"({"origin":"https://a","localStorage":{}})", R"({"origin":"https://a","localStorage":[1]})",
          R"({"origin":"https://a","localStorage":[{"name":"n"}]})"})
        CHECK_MESSAGE(!read_origins({object(text)}), text);
    CHECK(parse_origins(" https://a , http://b:1,,") == std::set<std::string>{"http://b:1", "https://a"});
    CHECK(parse_origins("")->empty());
    CHECK(!parse_origins("https://a/path"));
}

TEST_CASE("values that JSON has no words for become texts; names are kept for what is fetched later") {
    CHECK(read_evaluated(value(R"({"result":{"type":"number","unserializableValue":"-0"}})")).value ==
          value(R"("-0")"));
    CHECK(read_evaluated(value(R"({"result":{"type":"undefined"}})")).value.is_null());
    CHECK(read_evaluated(value(R"({"result":{"type":"object","subtype":"null","value":null}})")).kind ==
          Evaluated::Kind::plain);
    const auto promise =
        read_evaluated(value(R"({"result":{"type":"object","subtype":"promise","objectId":"7"}})"));
    CHECK(promise.kind == Evaluated::Kind::promise);
    CHECK(promise.object == "7");
    CHECK(read_evaluated(value(R"({"result":{"type":"function","objectId":"7"}})")).kind ==
          Evaluated::Kind::function);
    CHECK(read_evaluated(value(R"({"result":{"type":"object","objectId":"7"}})")).kind ==
          Evaluated::Kind::object);
    const auto thrown = read_evaluated(
        value(R"({"result":{},"exceptionDetails":{"text":"Uncaught","exception":{"value":"bare"}}})"));
    CHECK(thrown.exception == "\"bare\"");
    CHECK(read_evaluated(value(R"({"exceptionDetails":{}})")).exception == "the script failed");
    CHECK(!read_evaluated(value("{}")).exception);
    CHECK(needs_function("SyntaxError: Illegal return statement"));
    CHECK(!needs_function("SyntaxError: Unexpected token"));
}

TEST_CASE("addresses of the endpoint lead back through the way that the client came") {
    const Approach approach{"host.example:7800", true, "/api/v1/sessions/s/desk"};
    const auto version = redirected(
        value(R"({"Browser":"C","webSocketDebuggerUrl":"ws://127.0.0.1:29222/devtools/browser/ab-1"})"),
        approach);
    CHECK(json::text_or(version, "webSocketDebuggerUrl") ==
          "wss://host.example:7800/api/v1/sessions/s/desk/browser/devtools/browser/ab-1");
    const auto list = redirected(
        value(
            R"([{"id":"1","devtoolsFrontendUrl":"x","webSocketDebuggerUrl":"ws://h/devtools/page/1"},{"id":"2"},3])"),
        approach);
    CHECK(json::text_or(list.as_array()[0], "webSocketDebuggerUrl").ends_with("/browser/devtools/page/1"));
    CHECK(!json::find(list.as_array()[0], "devtoolsFrontendUrl"));
    const auto bare = read_approach({{"Host", "desk"}});
    CHECK(bare.host == "desk");
    CHECK(!bare.is_encrypted);
}

TEST_CASE("only what reads is passed on of the endpoint") {
    CHECK(devtools_path("version/") == "/json/version");
    CHECK(devtools_path("list") == "/json/list");
    CHECK(devtools_path("") == "/json/list");
    CHECK(devtools_path("protocol") == "/json/protocol");
    for (const auto* path : {"new", "close/1", "activate/1", "../version", "version/x", "Version"})
        CHECK(!devtools_path(path));
    CHECK(is_target_id("0A-f9"));
    for (const auto* id : {"", "a/b", "..", "g", "a b", "a\r\nb"}) CHECK(!is_target_id(id));
    CHECK(!is_target_id(std::string(65, 'a')));
}

TEST_CASE("the browser's own WebSocket is found in its version, or nothing is believed") {
    CHECK(cdp::parse_browser_path(
              value(R"({"webSocketDebuggerUrl":"ws://127.0.0.1:1/devtools/browser/ab-12"})")) ==
          "/devtools/browser/ab-12");
    for (const auto* text : {"{}", "[]", R"({"webSocketDebuggerUrl":7})",
                             R"({"webSocketDebuggerUrl":"ws://h/devtools/browser/"})",
                             R"({"webSocketDebuggerUrl":"ws://h/devtools/browser/a b"})",
                             R"({"webSocketDebuggerUrl":"ws://h/devtools/browser/a\r\nX: y"})"})
        CHECK_MESSAGE(!cdp::parse_browser_path(value(text)), text);
    CHECK(cdp::read_target_order(value(R"([{"id":"b"},{"id":"a"},{}])")) ==
          std::vector<std::string>{"b", "a", ""});
    CHECK(cdp::read_target_order(value("{}")).empty());
}
