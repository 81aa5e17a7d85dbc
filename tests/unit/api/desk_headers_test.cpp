#include "api/desk_headers.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using namespace carrel::api;

TEST_CASE("no credential and no name of the client reaches a desk") {
    const auto passed = inward_headers({{"Authorization", "Bearer k"},
                                        {"X-API-Key", "k"},
                                        {"Cookie", "carrel_login=1"},
                                        {"X-Anthropic-API-Key", "k"},
                                        {"Proxy-Authorization", "k"},
                                        {"X-Forwarded-For", "1.2.3.4"},
                                        {"Origin", "http://localhost"},
                                        {"Referer", "http://localhost/?ticket=1"},
                                        {"Accept", "image/png"},
                                        {"content-type", "application/json"}});
    CHECK(passed.size() == 2);
    CHECK(passed.find("Accept").value() == "image/png");
    CHECK(passed.find("Content-Type").value() == "application/json");
}

TEST_CASE("a desk can set no cookie, no policy and no dangerous type") {
    const auto passed = outward_headers({{"Set-Cookie", "carrel_login=stolen"},
                                         {"Content-Security-Policy", "default-src *"},
                                         {"Access-Control-Allow-Origin", "*"},
                                         {"Location", "http://evil.example"},
                                         {"Refresh", "0;url=http://evil.example"},
                                         {"Clear-Site-Data", "*"},
                                         {"Content-Type", "text/html"},
                                         {"Content-Disposition", "inline; filename=x.html"},
                                         {"ETag", "\"1\""}},
                                        ops::Body::bytes);
    for (const auto* name :
         {"Set-Cookie", "Access-Control-Allow-Origin", "Location", "Refresh", "Clear-Site-Data"})
        CHECK_FALSE_MESSAGE(passed.has(name), name);
    CHECK(passed.find("Content-Type").value() == "application/octet-stream");
    CHECK(passed.find("Content-Disposition").value() == "attachment");
    CHECK(passed.find("Content-Security-Policy").value() == "sandbox; default-src 'none'");
    CHECK(passed.count("Content-Security-Policy") == 1);
    CHECK(passed.find("ETag").value() == "\"1\"");
}

TEST_CASE("known types pass, whatever their case and parameters") {
    CHECK(outward_headers({{"Content-Type", "IMAGE/PNG"}}, ops::Body::picture).find("Content-Type").value() ==
          "image/png");
    CHECK(outward_headers({{"Content-Type", "application/json; charset=utf-8"}}, ops::Body::json)
              .find("Content-Type")
              .value() == "application/json");
    CHECK(outward_headers({}, ops::Body::json).find("Content-Type").value() == "application/octet-stream");
}
