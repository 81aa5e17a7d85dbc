#include "core/desk_beginning.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace carrel::core;

TEST_CASE("What is an address of a proxy, and what is none") {
    for (const auto* address :
         {"http://proxy:3128", "http://proxy.example", "https://10.0.0.1:8080/", "http://[::1]:3128",
          "http://user:pass@proxy.example:3128", "http://user:p%40ss:word@proxy_1:1"}) {
        CAPTURE(address);
        CHECK(why_no_proxy(address).empty());
    }
    const std::string long_one = "http://" + std::string(3000, 'a');
    for (const auto* address :
         {"", "proxy:3128", "http://", "http:///", "ftp://proxy:21", "socks5://proxy:1080", "http://proxy:0",
          "http://proxy:65536", "http://proxy:port", "http://proxy:", "http://user:secret@",
          "http://pro xy:3128", "http://proxy:3128/secret", "http://proxy:3128?secret", "http://[::1:3128",
          "http://[]:1", "http://a\nb:1", "http://pr\xc3\xb6xy:1", long_one.c_str()}) {
        CAPTURE(address);
        const auto why = why_no_proxy(address);
        CHECK_FALSE(why.empty());
        CHECK(why.find("secret") == why.npos);
    }
}

TEST_CASE("A proxy is told without its password") {
    CHECK(without_password("http://user:pass@proxy:3128") == "http://***@proxy:3128");
    CHECK(without_password("http://us@er:pa@ss@proxy:3128/") == "http://***@proxy:3128/");
    CHECK(without_password("http://proxy:3128") == "http://proxy:3128");
    CHECK(without_password("") == "");
}

TEST_CASE("A beginning of nothing is empty") {
    CHECK(DeskBeginning{}.is_empty());
    CHECK_FALSE(DeskBeginning{.width = 800}.is_empty());
    CHECK_FALSE(DeskBeginning{.environment = {{"A", ""}}}.is_empty());
    CHECK_FALSE(DeskBeginning{.files = {{"a", ""}}}.is_empty());
}
