#include "api/web.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/error.hpp"

using namespace carrel;
using namespace carrel::api;

namespace {

net::Response asked(std::string_view name, net::Headers headers = {}) {
    net::Request request;
    request.headers = std::move(headers);
    return page_file(request, name);
}

std::string header(const net::Response& response, std::string_view name) {
    return std::string{response.headers.find(name).value_or("")};
}

}  // namespace

TEST_CASE("the large files come compressed to who takes that, each form with a tag of its own") {
    for (const auto* name : {"app.js", "desk.js", "stream.js", "app.css"}) {
        INFO(name);
        const auto plain = asked(name);
        const auto gzip = asked(name, {{"Accept-Encoding", "gzip, deflate"}});
        const auto brotli = asked(name, {{"Accept-Encoding", "gzip, deflate, br, zstd"}});
        CHECK(header(plain, "Content-Encoding").empty());
        CHECK(header(gzip, "Content-Encoding") == "gzip");
        CHECK(header(brotli, "Content-Encoding") == "br");
        CHECK(gzip.text().starts_with("\x1f\x8b"));
        CHECK(gzip.text().size() < plain.text().size() * 6 / 10);
        CHECK(brotli.text().size() < gzip.text().size());
        std::set<std::string> tags;
        for (const auto* each : {&plain, &gzip, &brotli}) {
            CHECK(header(*each, "Vary") == "Accept-Encoding");
            CHECK(header(*each, "Content-Type") == header(plain, "Content-Type"));
            tags.insert(header(*each, "ETag"));
        }
        CHECK(tags.size() == 3);
    }
}

TEST_CASE("small files have one form") {
    for (const auto* name : {"index.html", "desk.html", "favicon.svg"}) {
        const auto response = asked(name, {{"Accept-Encoding", "gzip, br"}});
        CHECK_FALSE(response.headers.has("Content-Encoding"));
        CHECK_FALSE(response.headers.has("Vary"));
        CHECK_FALSE(response.text().empty());
    }
    CHECK_THROWS_AS(asked("app.js.gz"), core::Error);
}

TEST_CASE("who has the form that they would get is told so, and who has another gets it") {
    const net::Headers takes_gzip{{"Accept-Encoding", "gzip"}};
    const auto tag = header(asked("app.js", takes_gzip), "ETag");
    const auto with = [&](std::string accepted, std::string tags) {
        return asked("app.js",
                     {{"Accept-Encoding", std::move(accepted)}, {"If-None-Match", std::move(tags)}});
    };
    for (const auto& held : {tag, "W/" + tag, "\"other\", " + tag, std::string{"*"}}) {
        const auto response = with("gzip", held);
        INFO(held);
        CHECK(response.status == 304);
        CHECK(response.text().empty());
        CHECK(header(response, "ETag") == tag);
        CHECK(header(response, "Vary") == "Accept-Encoding");
    }
    for (const auto& other : {tag.substr(1), std::string{"\"other\""}, std::string{}})
        CHECK(with("gzip", other).status == 200);
    CHECK(with("br", tag).status == 200);
    CHECK(with("identity", tag).status == 200);
}
