#include "api/desk_headers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

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

TEST_CASE("lines of downloads pass with downloads only") {
    const net::Headers all{{"ETag", "\"1\""},
                           {"Content-Disposition", "attachment; filename=x"},
                           {"Content-Range", "bytes 0-1/2"},
                           {"Accept-Ranges", "bytes"},
                           {"Last-Modified", "Sat, 28 Nov 2026 00:00:00 GMT"},
                           {"Carrel-Left-Out", "in/pipe"},
                           {"Retry-After", "99999"},
                           {"WWW-Authenticate", "Basic"}};
    const auto ours = outward_headers({}, ops::Body::json).size();
    CHECK(outward_headers(all, ops::Body::json).size() == ours);
    CHECK(outward_headers(all, ops::Body::event_stream).size() == ours);
    CHECK(outward_headers(all, ops::Body::picture).size() == ours + 1);
    CHECK(outward_headers(all, ops::Body::bytes).size() == ours + 6);
}

TEST_CASE("a desk's status passes where the operation can have it") {
    const auto row = [](ops::Body body) {
        return ops::Operation{"x", "GET", "/x", ops::Permission::view, ops::Body::none, body, "x"};
    };
    struct Case {
        ops::Body body;
        std::vector<int> good;
    };
    const std::vector<int> errors{400, 403, 404, 405, 408, 409, 413, 415, 416, 417,
                                  422, 426, 429, 431, 500, 502, 503, 504, 507};
    const Case cases[] = {{ops::Body::json, {200}},
                          {ops::Body::event_stream, {200}},
                          {ops::Body::picture, {200, 304}},
                          {ops::Body::bytes, {200, 206, 304}},
                          {ops::Body::upgrade, {}}};
    for (const auto& [body, good] : cases)
        for (int status = 100; status < 600; ++status) {
            const bool is_good = std::ranges::count(good, status) + std::ranges::count(errors, status) > 0;
            CHECK_MESSAGE(is_desk_status(status, row(body)) == is_good, status);
        }
}

TEST_CASE("known types pass, whatever their case and parameters") {
    CHECK(outward_headers({{"Content-Type", "IMAGE/PNG"}}, ops::Body::picture).find("Content-Type").value() ==
          "image/png");
    CHECK(outward_headers({{"Content-Type", "application/json; charset=utf-8"}}, ops::Body::json)
              .find("Content-Type")
              .value() == "application/json");
    CHECK(outward_headers({}, ops::Body::json).find("Content-Type").value() == "application/octet-stream");
}
