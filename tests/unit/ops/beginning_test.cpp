#include "ops/beginning.hpp"

#include <doctest/doctest.h>

#include <string>

#include "json/parse.hpp"
#include "ops/server.hpp"

using namespace carrel;
using namespace carrel::ops;

namespace {

/// As the server reads what a client sends: by the shape, then as a whole.
json::Decoded<core::DeskBeginning> read(const json::Value& body) {
    const auto asked = create_session_shape().decode(body);
    if (!asked) return std::unexpected{asked.error()};
    return read_beginning(*asked);
}

std::string problem(const json::Value& body) {
    const auto read_one = read(body);
    REQUIRE_FALSE(read_one);
    return json::to_sentence(json::to_json(read_one.error(), "body"));
}

}  // namespace

TEST_CASE("Of how a desk begins all may be absent, and all may be there") {
    CHECK(read(json::Object{}).value().is_empty());
    const auto all = read(json::parse(R"({"environment":{"A":"1","_b2":"","LD_PRELOAD":"/x.so","PATH":"/bin"},
        "locale":"de_DE.UTF-8@euro","time_zone":"America/Argentina/Buenos_Aires","http_proxy":"http://u:p@h:1",
        "files":[{"path":"süß/ñ.txt","text":"ä\n"},{"path":"/tmp/b","base64":"AAEC"},{"path":"e","text":""}],
        "command":"echo hi","open_url":"about:blank"})")
                              .value())
                         .value();
    CHECK(all.environment.size() == 4);
    CHECK(all.environment.at("_b2").empty());
    CHECK(all.files.at(0) == core::DeskFile{"süß/ñ.txt", "ä\n"});
    CHECK(all.files.at(1).bytes == std::string{"\0\1\2", 3});
    CHECK(all.locale == "de_DE.UTF-8@euro");
}

TEST_CASE("What a client says goes over what the server usually says") {
    core::DeskBeginning usual;
    usual.http_proxy = "http://usual:3128";
    const auto with = [&](json::Object body) {
        return read_beginning(create_session_shape().decode(body).value(), usual).value().http_proxy;
    };
    CHECK(with({}) == "http://usual:3128");
    CHECK(with({{"http_proxy", "http://mine:1"}}) == "http://mine:1");
    CHECK(with({{"http_proxy", ""}}).empty());
}

TEST_CASE("What a desk cannot be told is refused with the place and what would be right") {
    struct Case {
        std::string body;
        std::string says;
    };
    const Case cases[] = {
        {R"({"environment":[]})", "environment: must be an object"},
        {R"({"environment":{"A":1}})", "environment.A: must be a string without NUL"},
        {R"({"environment":{"A":"x\u0000y"}})", "environment.A: must be a string without NUL"},
        {R"({"environment":{"":"x"}})", "a variable's name has letters"},
        {R"({"environment":{"1A":"x"}})", "environment.1A: a variable's name has letters"},
        {R"({"environment":{"A-B":"x"}})", "environment.A-B: a variable's name has letters"},
        {R"({"environment":{"A=B":"x"}})", "a variable's name has letters"},
        {R"({"environment":{"CARREL_NONCE":"x"}})",
         "environment.CARREL_NONCE: the desk itself sets this variable"},
        {R"({"environment":{"HOME":"/"}})", "environment.HOME: the desk itself sets this variable"},
        {R"({"environment":{"DISPLAY":":2"}})", "environment.DISPLAY: the desk itself sets this variable"},
        {R"({"locale":""})", "locale: "},
        {R"({"locale":"de DE"})", "locale: is no name of a locale"},
        {R"({"locale":"../../etc"})", "locale: is no name of a locale"},
        {R"({"time_zone":"../../etc/passwd"})", "time_zone: is no name of a time zone"},
        {R"({"time_zone":"/etc/localtime"})", "time_zone: is no name of a time zone"},
        {R"({"time_zone":"Europe//Berlin"})", "time_zone: is no name of a time zone"},
        {R"({"time_zone":":UTC"})", "time_zone: is no name of a time zone"},
        {R"({"http_proxy":"proxy:3128"})", "http_proxy: must be the address of a proxy"},
        {R"({"files":[{"path":"a"}]})", "files.0: needs either text or base64"},
        {R"({"files":[{"path":"a","text":"","base64":""}]})", "files.0: needs either text or base64"},
        {R"({"files":[{"path":"a","base64":"?"}]})", "files.0.base64: is no base64"},
        {R"({"files":[{"path":"a/","text":""}]})", "files.0.path: ends in /"},
        {R"({"files":[{"path":"","text":""}]})", "files.0.path: "},
        {R"({"files":[{"path":"a\u0000","text":""}]})", "files.0.path: cannot contain the character NUL"},
        {R"({"files":[{"text":""}]})", "files.0.path: this field is required"},
        {R"({"files":[{"path":"a","text":"","mode":1}]})", "files.0.mode: "},
        {R"({"command":""})", "command: "},
        {R"({"command":"a\u0000"})", "command: cannot contain the character NUL"},
        {R"({"open_url":""})", "open_url: "},
        {R"({"environ":{}})", "environ: "},
    };
    for (const auto& [body, says] : cases) {
        CAPTURE(body);
        const auto told = problem(json::parse(body).value());
        CAPTURE(told);
        CHECK(told.find(says) != told.npos);
    }
}

TEST_CASE("All of it is bounded, and no refusal repeats a value") {
    const std::string much(70'000, 's');
    const auto told = problem(json::Object{{"environment", json::Object{{"A", much}}}});
    CHECK(told == "environment: may have 256 variables, and 65536 bytes in all");
    json::Object many;
    for (int i = 0; i < 257; ++i) many["A" + std::to_string(i)] = "";
    CHECK(problem(json::Object{{"environment", std::move(many)}}).starts_with("environment: may have 256"));
    json::Array files;
    for (int i = 0; i < 101; ++i) files.push_back(json::Object{{"path", "a"}, {"text", ""}});
    CHECK(problem(json::Object{{"files", files}}).starts_with("files: may be 100"));
    const json::Object large{{"path", "a"}, {"text", std::string((1 << 20) + 1, 'x')}};
    CHECK(problem(json::Object{{"files", json::Array{large}}}).starts_with("files: may be 100"));
    CHECK(problem(json::Object{{"command", std::string(140'000, 'x')}}).starts_with("command: "));
    CHECK(problem(json::Object{{"http_proxy", "http://user:s3cret@proxy:3128/x"}}).find("s3cret") ==
          std::string::npos);
}

TEST_CASE("A desk is told what its client has said") {
    core::DeskBeginning wish{.width = 1024,
                             .height = 768,
                             .environment = {{"A", "1"}, {"B", ""}},
                             .locale = "C.UTF-8",
                             .time_zone = "Asia/Tokyo",
                             .http_proxy = "http://h:1",
                             .files = {{"ñ", std::string{"\0\xff", 2}}},
                             .command = "true",
                             .open_url = "about:blank"};
    CHECK(read_begin(begin_shape().decode(to_json(wish)).value()).value() == wish);
    CHECK(to_json(core::DeskBeginning{}).empty());
    CHECK(read_begin(begin_shape().decode(json::Object{}).value()).value().is_empty());
    CHECK_FALSE(begin_shape().decode(json::Object{{"width", 1}}));
    CHECK_FALSE(begin_shape().decode(json::Object{{"title", "no session's"}}));
}
